"""What was counted, and what was missed."""

from __future__ import annotations

from collections import Counter, defaultdict

#: name in the counters -> heading
COLUMNS = {
    "examples": "examples",
    "published": "published",
    "made up": "made up",
    "asking": "asking",
    "answered": "answered",
    "moved": "moved",
    "rejected": "rejected",
    "compared": "compared",
    "unsupported": "unsupported",
    "contradicting": "contradict",
    "missed": "missed",
}
_MEANINGS = (
    "published: example messages sent up as printed, and once more where they do not ask for an answer",
    "made up: messages without an example, generated from their fields",
    "asking, answered: messages that must be answered, and those that were, with their tid, bid and method",
    "moved: commands that a reply took on from “sent”",
    "compared: downward messages as the page has them (of replies: also where it prints fields alone)",
    "unsupported: of those compared, answers that say only that we do not offer this yet (listed above)",
    "contradict: downward examples that contradict their own page (listed above)",
)


class Report:
    """Counters per topic, the misses, and remarks that are no misses."""

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.misses: list[str] = []
        self.remarks: list[str] = []
        self.slowest = 0.0

    def count(self, topic: str, what: str, number: int = 1) -> None:
        self.counts[topic][what] += number

    def miss(self, topic: str, text: str) -> None:
        self.counts[topic]["missed"] += 1
        self.misses.append(text)

    def remark(self, text: str) -> None:
        self.remarks.append(text)

    def say(self, text: str) -> None:
        """Something for `--verbose`."""
        if self.verbose:
            print(text, flush=True)

    def total(self, what: str) -> int:
        return sum(counter[what] for counter in self.counts.values())

    def lines(self) -> list[str]:
        """The summary, ready to print."""
        out = [*self.remarks, ""] if self.remarks else []
        out.append(f"{'topic':<20}" + "".join(f"{heading:>12}" for heading in COLUMNS.values()))
        for topic in sorted(self.counts):
            out.append(self._row(topic, self.counts[topic]))
        out.append(self._row("all", sum(self.counts.values(), Counter())))
        out += ["", *_MEANINGS, f"The slowest answer took {self.slowest:.2f} s.", ""]
        out += [f"MISS {text}" for text in self.misses]
        out.append(f"{len(self.misses)} missed." if self.misses else "Nothing missed.")
        return out

    @staticmethod
    def _row(topic: str, counter: Counter[str]) -> str:
        return f"{topic:<20}" + "".join(f"{counter[name] or '-':>12}" for name in COLUMNS)
