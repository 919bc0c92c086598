"""The memory of a process that answers requests."""

import gc

LIKE_MANY_PAGES = 50_000  # objects


def keep_what_is_loaded():
    """What is loaded by now stays: the collector need not go through it again and again, nor begin with every page.

    It looks for circles of objects, of which a page leaves few, when 700 more were made than given up; a page makes
    thousands. Everything else is given up at once and never waits for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(LIKE_MANY_PAGES, 20, 20)
