"""What language a text is in.

The model takes 75 MB and half a second to load, so it is loaded when it is first asked, and asked in the worker only
(:meth:`feeds.worker.ParserProcess.language`).
"""

import os
from functools import cache
from typing import Any

MIN_LETTERS = 40
"""A shorter text says too little."""
MIN_PROBABILITY = 0.9


def language(text: str) -> str:
    """The ISO 639-1 code of the text's language, or "" where the text is too short or the language in doubt."""
    if sum(map(str.isalpha, text)) < MIN_LETTERS:
        return ""
    code, probability = _identifier().classify(text)
    return code if probability >= MIN_PROBABILITY and len(code) == len("en") else ""


@cache
def _identifier() -> Any:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each thread reserves address space, of which there is a limit
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
