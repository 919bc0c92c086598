"""Text that was cut into lines for the way, put together again (RFC 3676)."""


def unflowed(text: str, delsp=False) -> str:
    """Lines that end with a blank go on with the next one of the same depth of quotation; ``-- `` stands alone."""
    found: list[tuple[int, str]] = []
    goes_on = False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        said = line[depth:].removeprefix(" ")
        flows = said.endswith(" ") and said != "-- "
        if delsp and flows:
            said = said[:-1]
        if goes_on and found and found[-1][0] == depth and said != "-- ":
            found[-1] = (depth, found[-1][1] + said)
        else:
            found.append((depth, said))
        goes_on = flows
    return "\n".join(f"{'>' * depth}{' ' if depth and said else ''}{said}" for depth, said in found)
