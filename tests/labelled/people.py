"""People who do not exist, for the labelled pages: reserved numbers only (standards.md 10).

- id numbers: a region part ending 01 (市辖区) is not issued to people; the check digit is right;
- mobile: the block 0000; landline: a subscriber number that begins with 0 is never allotted;
- bank card: issuer 620000, right Luhn digit; passport and permits: serials that begin with 00;
- plate: the letter O, withdrawn years ago; e-mail: example domains.
"""

from dataclasses import dataclass

import numpy as np

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤"
)
DOUBLE = ("欧阳", "上官", "司马", "诸葛", "皇甫")
GIVEN = (
    "伟芳娜秀敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红玲建国文辉鹏海燕志宇浩然思雨晨曦子涵梓轩佳怡欣"
    "妍博雅俊豪雪梅春花秋月冬青立新光荣永福德胜维民启航景行若楠予安乐童一诺"
)
REGIONS = ("360101", "360201", "361101", "360701", "350101", "430101", "530501", "330101", "440301", "500101")
CITIES = (
    ("江西省南昌市", ("东湖区", "青山湖区", "红谷滩区", "南昌县", "进贤县")),
    ("福建省福州市", ("鼓楼区", "台江区", "闽侯县")),
    ("浙江省杭州市", ("西湖区", "拱墅区", "桐庐县")),
    ("湖南省长沙市", ("岳麓区", "天心区", "浏阳市")),
    ("云南省保山市", ("隆阳区", "腾冲市", "施甸县")),
    ("重庆市", ("渝中区", "江北区", "云阳县")),
)
ROADS = ("样张路", "示例大道", "试验北路", "枫树街", "望湖路", "老桥巷", "青云谱路", "学府大道", "沿江中大道")
ESTATES = ("样板花园", "示例新村", "湖畔嘉园", "金色家园", "锦绣城", "滨江一号小区", "")
VILLAGES = ("样板村", "石桥村", "溪口村", "大塘村")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Person:
    """``birth``: (year, month, day)."""

    name: str
    sex: str
    birth: tuple[int, int, int]
    citizen_id: str
    mobile: str
    landline: str
    address: str
    bank_card: str
    passport: str
    permit: str
    plate: str
    email: str

    @property
    def birth_text(self) -> str:
        """As papers write it."""
        year, month, day = self.birth
        return f"{year}年{month}月{day}日"

    @property
    def old_id(self) -> str:
        """The 15-digit number of before 1999."""
        return self.citizen_id[:6] + self.citizen_id[8:17]


def person(rng: np.random.Generator) -> Person:
    """A new one each time."""
    year, month, day = int(rng.integers(1950, 2005)), int(rng.integers(1, 13)), int(rng.integers(1, 29))
    body = f"{_one(rng, REGIONS)}{year:04d}{month:02d}{day:02d}{int(rng.integers(1, 999)):03d}"
    number = body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]
    return Person(
        name=_name(rng),
        sex="男" if int(body[-1]) % 2 else "女",
        birth=(year, month, day),
        citizen_id=number,
        mobile=f"1{_digits(rng, 1, '3578')}{_digits(rng, 1)}0000{_digits(rng, 4)}",
        landline=f"{_one(rng, ('0791', '010', '0591', '0731', '0875'))}-0{_digits(rng, 6)}",
        address=_address(rng),
        bank_card=_with_luhn("620000" + _digits(rng, 12)),
        passport=f"E00{_digits(rng, 6)}",
        permit=f"{_one(rng, ('H', 'M'))}00{_digits(rng, 6)}",
        plate=f"{_one(rng, ('赣', '闽', '浙', '湘', '云'))}O{_digits(rng, 2)}{_one(rng, 'ABCDEFGHJK')}{_digits(rng, 2)}",
        email=f"{_one(rng, ('lin', 'wang.x', 'zq2020', 'yun_he', 'a.chen88'))}{_digits(rng, 2)}@example.{_one(rng, ('cn', 'com'))}",
    )


def _one(rng: np.random.Generator, of: "tuple[str, ...] | str") -> str:
    return of[int(rng.integers(len(of)))]


def _digits(rng: np.random.Generator, count: int, among: str = "0123456789") -> str:
    return "".join(_one(rng, among) for _ in range(count))


def _name(rng: np.random.Generator) -> str:
    surname = _one(rng, DOUBLE) if rng.random() < 0.05 else _one(rng, SURNAMES)
    return surname + "".join(_one(rng, GIVEN) for _ in range(1 if rng.random() < 0.3 else 2))


def _address(rng: np.random.Generator) -> str:
    city, counties = CITIES[int(rng.integers(len(CITIES)))]
    start = city + _one(rng, counties)
    if rng.random() < 0.25:
        return f"{start}{_one(rng, ('示例镇', '样张乡'))}{_one(rng, VILLAGES)}{int(rng.integers(1, 20))}组{int(rng.integers(1, 99))}号"
    house = f"{_one(rng, ROADS)}{int(rng.integers(1, 999))}号{_one(rng, ESTATES)}"
    return f"{start}{house}{int(rng.integers(1, 30))}栋{int(rng.integers(1, 5))}单元{int(rng.integers(1, 32))}0{int(rng.integers(1, 6))}室"


def _with_luhn(body: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)
