from typing import Any


def console_urls(site: Any) -> list[Any]:
    return []
