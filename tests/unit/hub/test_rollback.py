"""How far the entry bundles reach is found whatever was known before, and however many there are."""

from hypothesis import given
from hypothesis import strategies as st

from crypto.log.tiles import WIDTH, Tile
from hub.services.rollback import bundled

CHECKPOINTS = st.lists(st.integers(1, 40 * WIDTH), min_size=1, max_size=12).map(sorted)


@given(CHECKPOINTS, st.data())
def test_the_last_bundle_is_found(sizes: list[int], data: st.DataObject) -> None:
    """``sizes``: those at which there was a checkpoint, so each left its partial bundle."""
    paths = {Tile(None, index).path for index in range(sizes[-1] // WIDTH)}
    paths |= {Tile(None, size // WIDTH, size % WIDTH).path for size in sizes if size % WIDTH}
    known = data.draw(st.sampled_from([0, *sizes]))
    asked: list[str] = []

    def exists(path: str) -> bool:
        asked.append(path)
        return path in paths

    def widths(path: str) -> set[int]:
        asked.append(path)
        return {int(one.rpartition("/")[2]) for one in paths if one.startswith(path + ".p/")}

    assert bundled(exists, widths, known) == sizes[-1]
    assert len(asked) < 20, "a few steps, however long the log is"


@given(st.integers(0, 5 * WIDTH))
def test_what_is_known_counts_where_no_bundle_lies_beyond(known: int) -> None:
    assert bundled(lambda _: False, lambda _: set(), known) == known
