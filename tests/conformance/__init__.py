"""Every example message of the documentation against a whole live server: `python -m tests.conformance FILE`.

The examples are the vendor's and are no part of the project; FILE holds one JSON object a line: `product`,
`topic` (what follows `…/product/{sn}/`), `direction` ("up" or "down"), `method`, `fields` (each with a `path`
inside `data`) and `example`, a whole message or null.
"""
