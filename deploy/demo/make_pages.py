"""Make the demo's pages: ``python -m deploy.demo.make_pages``.

Draws the twelve papers of the demo case and its result from form.json, photographs each in its own way and
writes ``pages/``, ``result/`` and ``pages.json``.
The same script, fonts and library versions give the same bytes.
"""

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from deploy.demo import sheets, sheets_lease, sheets_more, sheets_plan
from deploy.demo.camera import Look, photograph
from deploy.demo.paper import HEIGHT, SONG, WIDTH, Sheet

HERE = Path(__file__).parent
SEED = 20261101
SPECIMEN = "演示样张 · 人物、单位、编号均为虚构"

Draw = Callable[[Sheet, sheets.Form], None]

PAGES: tuple[tuple[str, str, str, Draw, Look], ...] = (
    (
        "01-application-1.jpg",
        "M01",
        "食品经营许可申请书 第1页",
        sheets.application_1,
        Look(turn=0.5, keystone=18, tilt=8, shadow=0.20),
    ),
    (
        "02-application-2.jpg",
        "M01",
        "食品经营许可申请书 第2页",
        sheets.application_2,
        Look(turn=-0.8, keystone=12, tilt=14, shadow=0.28, shadow_from="bottom", blur=0.7),
    ),
    (
        "03-id-card.jpg",
        "M02",
        "居民身份证 正反面",
        sheets.id_card,
        Look(turn=1.1, keystone=26, tilt=4, shadow=0.24, shadow_from="right", warmth=0.035),
    ),
    (
        "04-business-licence.jpg",
        "M03",
        "营业执照副本",
        sheets.licence,
        Look(turn=-0.4, keystone=34, tilt=10, shadow=0.18, shadow_from="top", noise=2.0),
    ),
    (
        "05-lease-1.jpg",
        "M04",
        "房屋租赁合同 第1页",
        sheets_lease.contract_1,
        Look(turn=1.6, keystone=22, tilt=12, shadow=0.32, blur=0.8),
    ),
    (
        "06-lease-2.jpg",
        "M04",
        "房屋租赁合同 第2页",
        sheets_lease.contract_2,
        Look(turn=-1.3, keystone=16, tilt=-10, shadow=0.22, shadow_from="right", noise=3.0),
    ),
    (
        "07-lease-3.jpg",
        "M04",
        "房屋租赁合同 第3页",
        sheets_lease.contract_3,
        Look(turn=0.2, keystone=28, tilt=6, shadow=0.36, shadow_from="bottom", warmth=-0.015),
    ),
    (
        "08-household-register.jpg",
        "M05",
        "常住人口登记卡",
        sheets_more.household,
        Look(turn=-1.9, keystone=20, tilt=16, shadow=0.26, shadow_from="top", warmth=0.045),
    ),
    (
        "09-marriage-certificate.jpg",
        "M05",
        "结婚证",
        sheets_more.marriage,
        Look(turn=0.9, keystone=-14, tilt=12, shadow=0.30, noise=2.8),
    ),
    (
        "10-commitment.jpg",
        "M06",
        "食品安全承诺书",
        sheets_more.commitment,
        Look(turn=-0.6, keystone=24, tilt=-8, shadow=0.25, shadow_from="right", blur=0.9),
    ),
    (
        "11-plan-and-photo.jpg",
        "M07",
        "经营场所布局图及照片、收据",
        sheets_plan.plan,
        Look(turn=1.4, keystone=10, tilt=8, shadow=0.20, shadow_from="top", blur=0.5),
    ),
    (
        "12-proxy-letter.jpg",
        "M08",
        "授权委托书",
        sheets_more.proxy,
        Look(turn=-1.0, keystone=30, tilt=10, shadow=0.34, shadow_from="left", warmth=0.03, noise=3.2),
    ),
)
RESULT = (
    "food-licence.jpg",
    "R01",
    "食品经营许可证",
    sheets_more.result,
    Look(turn=0.3, keystone=8, tilt=4, shadow=0.14, shadow_from="right", noise=1.8),
)
PAPERS = {"M02": (252, 252, 250), "M03": (250, 246, 234), "M05": (249, 247, 242), "R01": (240, 247, 240)}


def make(name: str, material: str, draw: Draw, look: Look, form: sheets.Form) -> bytes:
    """JPEG of one paper. The page's own name seeds it, so a new page leaves the others as they are."""
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    sheet = Sheet(rng, PAPERS.get(material, (250, 249, 245)))
    draw(sheet, form)
    sheet.text((WIDTH // 2, HEIGHT - 70), SPECIMEN, 24, SONG, colour=(140, 140, 140), anchor="ma")
    return photograph(sheet.image, look, rng)


def main() -> None:
    form = json.loads((HERE / "form.json").read_text(encoding="utf-8"))
    for folder in ("pages", "result"):
        (HERE / folder).mkdir(exist_ok=True)
    for name, material, _, draw, look in PAGES:
        (HERE / "pages" / name).write_bytes(make(name, material, draw, look, form))
    name, material, _, draw, look = RESULT
    (HERE / "result" / name).write_bytes(make(name, material, draw, look, form))
    index = {
        "v": 1,
        "task_code": form["task_code"],
        "pages": [
            {"file": f"pages/{name}", "material": material, "title": label} for name, material, label, _, _ in PAGES
        ],
        "result": {"file": f"result/{RESULT[0]}", "title": RESULT[2]},
    }
    text = json.dumps(index, ensure_ascii=False, indent=2) + "\n"
    (HERE / "pages.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
