"""Boxes of presidio-image-redactor with Tesseract, for ``tests/bench/masking.py``; runs in the peers' own environment.

usage: presidio_boxes.py FOLDER FILE... ; prints one JSON line a page: file, boxes (left, top, right, bottom), seconds.

Presidio brings no Chinese model and no recogniser for Chinese papers. It is given: a blank Chinese pipeline and good
patterns for id number, telephone, bank card, passport, plate and e-mail.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import spacy
from PIL import Image
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpEngineProvider
from presidio_image_redactor import ImageAnalyzerEngine

PATTERNS = {
    "CITIZEN_ID": r"(?<!\d)[1-9]\d{16}[\dXx](?!\d)",
    "OLD_ID": r"(?<!\d)[1-9]\d{14}(?!\d)",
    "MOBILE": r"(?<!\d)1[3-9]\d{9}(?!\d)",
    "LANDLINE": r"(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)",
    "BANK_CARD": r"(?<!\d)[3-6]\d{15,18}(?!\d)|(?<!\d)\d{4}(?: \d{4}){3}(?: \d{1,3})?(?!\d)",
    "PASSPORT": r"(?<![A-Za-z0-9])[EGHMDSP]\d{8}(?!\d)",
    "PLATE": r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼] ?[A-Z] ?[A-Z0-9]{5,6}",
    "EMAIL": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
}


def engine(folder: Path) -> ImageAnalyzerEngine:
    """Presidio for Chinese as far as it goes."""
    spacy.blank("zh").to_disk(folder / "zh")
    told = {"nlp_engine_name": "spacy", "models": [{"lang_code": "zh", "model_name": str(folder / "zh")}]}
    registry = RecognizerRegistry(supported_languages=["zh"])
    for name, pattern in PATTERNS.items():
        registry.add_recognizer(
            PatternRecognizer(name, patterns=[Pattern(name, pattern, 0.7)], supported_language="zh")
        )
    nlp = NlpEngineProvider(nlp_configuration=told).create_engine()
    return ImageAnalyzerEngine(AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["zh"]))


def main() -> None:
    """Each page, one line."""
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as own:
        analyzer = engine(Path(own))
        for name in sys.argv[2:]:
            start = time.monotonic()
            with Image.open(folder / name) as page:
                found = analyzer.analyze(page.convert("RGB"), ocr_kwargs={"lang": "chi_sim"}, language="zh")
            boxes = [[one.left, one.top, one.left + one.width, one.top + one.height] for one in found]
            print(json.dumps({"file": name, "boxes": boxes, "seconds": time.monotonic() - start}), flush=True)


if __name__ == "__main__":
    main()
