"""The verdict on one page, before the applicant has left: what it is, what is wrong with it, what to do.

Judging goes through these steps; the code carries the same numbers:
1. the sheet is found on the desk, cut out and laid flat; what lies outside the picture stops the page
2. effective dpi from the paper's known size
3. lines that lean are turned straight; a page on its side is stopped
4. sharpness; 5. light; 6. something is on it; 7. colour

Invariants: pure; the page given is never changed, the straightened one is a new picture;
the same bytes give the same verdict.
"""

from dataclasses import dataclass, field

from crypto.refusal import Refusal
from node_agent.imaging.picture import Pixels, decode, grey_of
from node_agent.imaging.quality import colour, light, outline, rules, sharp, skew


@dataclass(frozen=True)
class Finding:
    """One fault: its code, whether it keeps the page out, where, the figure measured."""

    code: str
    stops: bool
    where: str = ""
    figure: float = 0.0

    def refusal(self) -> Refusal:
        """What the clerk is told."""
        return told_of(self)


@dataclass(frozen=True)
class Verdict:
    """``dpi``: dots an inch on ``paper``; ``lean``: degrees mended; ``corrected``: the page laid flat and straight, or
    None when it was so.
    """

    findings: tuple[Finding, ...]
    dpi: int
    paper: str
    mode: str
    seals: int
    lean: float
    corrected: Pixels | None = field(repr=False, compare=False, default=None)

    @property
    def stops(self) -> tuple[Finding, ...]:
        """What keeps the page out."""
        return tuple(finding for finding in self.findings if finding.stops)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of all findings, in the order of the steps."""
        return tuple(finding.code for finding in self.findings)


def judge(data: bytes, paper: str = rules.AUTO) -> Verdict:
    """The verdict on a page that passed ``check.inspect_page``. ``paper``: a name of ``rules.PAPERS``, or AUTO.

    Refusal PAPER_UNKNOWN.
    """
    if paper != rules.AUTO and paper not in rules.PAPERS:
        raise Refusal("PAPER_UNKNOWN", rules.STANDARD, sheet=paper[:12], sheets=",".join(rules.PAPERS))
    picture = decode(data)
    grey = grey_of(picture)
    found: list[Finding | None] = []
    sheet = outline.find_outline(grey)  # 1
    flat = picture
    if sheet is not None:
        found.append(_finding("PAGE_CUT", float(sheet.cut)))
        flat = outline.laid_flat(picture, sheet)
        grey = grey_of(flat)
    height, width = grey.shape
    name = rules.paper_of(width, height, paper)
    dpi = rules.dpi_of(width, height, name)
    found.append(_finding("PAGE_DPI", dpi))  # 2
    ink = skew.ink_of(grey)
    sideways = skew.lies_on_its_side(ink)
    found.append(_finding("PAGE_SIDEWAYS", float(sideways)))  # 3
    lean = 0.0 if sideways else skew.lean_of(ink)
    if abs(lean) >= rules.LEAN_MENDED:
        flat = skew.turned(flat, lean)
    else:
        lean = 0.0
    found += [_sharpness(grey), *_light(grey), _finding("PAGE_BLANK", light.ink_share(ink))]  # 4, 5, 6
    mode = colour.mode_of(flat)
    found.append(_finding("PAGE_GREY", float(mode != colour.COLOUR)))  # 7
    changed = sheet is not None or lean != 0.0
    return Verdict(
        findings=tuple(finding for finding in found if finding is not None),
        dpi=dpi,
        paper=name,
        mode=mode,
        seals=colour.seals_on(flat) if mode == colour.COLOUR else 0,
        lean=lean,
        corrected=flat if changed else None,
    )


def told_of(finding: Finding) -> Refusal:
    """Place and figure of a finding, with the rule that it breaks."""
    limit = rules.LIMITS[finding.code]
    figure = "" if finding.code != "PAGE_DPI" else str(int(finding.figure))
    return Refusal(finding.code, limit.citation, where=finding.where, dpi=figure)


def _finding(code: str, figure: float, where: str = "") -> Finding | None:
    stops = rules.LIMITS[code].verdict(figure)
    return None if stops is None else Finding(code, stops, where, round(figure, 4))


def _sharpness(grey: Pixels) -> Finding | None:
    """Moved, out of focus, or out of focus in one place; a page without print is judged by nobody."""
    seen = sharp.sharpness_of(grey)
    if seen.zone is None:
        return None
    moved = seen.steepest > rules.MOVED_RATIO * seen.weakest
    found = _finding("PAGE_MOVED" if moved else "PAGE_BLUR", seen.weakest)
    if (found is None or not found.stops) and seen.dullest < rules.DULL_ZONE:
        return Finding("PAGE_BLUR", True, rules.place(seen.zone), round(seen.dullest, 4))
    return found


def _light(grey: Pixels) -> list[Finding | None]:
    seen = light.light_of(grey)
    glare = _finding("PAGE_GLARE", seen.glare[0], rules.place(seen.glare[1])) if seen.glare else None
    dark = _finding("PAGE_DARK", seen.level)
    shade = _finding("PAGE_SHADOW", seen.evenness, rules.place(seen.darkest))
    return [glare, dark, shade]
