"""Texts of the camera and of masking: what is wrong with a page and what to do, while the applicant still stands there."""

from typing import Final

from hub.casework.messages.entry import Message, say

_LEAD = "确实只能如此的，请负责人写明原因放行。"

# fmt: off
MESSAGES: dict[str, Message] = {
    # quality of a page (DA/T 31-2017)
    "PAGE_DPI": say("这一页拍得太小，分辨率不够。", "请把镜头放低或者纸张摆满画面后重拍。" + _LEAD, "dpi"),
    "PAGE_CUT": say("纸张没有拍全。", "请把整张纸放进画面后重拍。"),
    "PAGE_BLUR": say("这一页没有对准焦，字迹模糊。", "请压平纸张、等画面清楚后重拍。", "where"),
    "PAGE_MOVED": say("拍的时候动了，字迹拖影。", "请放稳纸张，手离开台面后重拍。"),
    "PAGE_GLARE": say("这一页反光，字看不见。", "请挪开灯光或者转动纸张后重拍。", "where"),
    "PAGE_SHADOW": say("这一页有阴影，明暗相差太大。", "请移开遮挡或者打开补光灯后重拍。", "where"),
    "PAGE_DARK": say("这一页太暗。", "请打开补光灯后重拍。"),
    "PAGE_BLANK": say("这一页是空白的。", "请翻面或者换一张重拍；空白页不用收。"),
    "PAGE_SIDEWAYS": say("这一页横放了。", "请把纸张转正后重拍。"),
    "PAGE_TWICE": say("这一页和前面收下的一页完全相同。", "请翻到下一页再拍。"),
    "PAGE_GREY": say("这一页不是彩色的。", "有印章、红头、照片或者彩色字的，请改用彩色重拍。"),
    "PAGE_DEVICE": say("这一页来自没有登记的设备，已作标记。", "请负责人登记这台设备，或者换登记过的设备。"),
    "PAGE_NEEDS_LEAD": say("有缺陷的页只有窗口负责人可以放行。", "请负责人填工号和原因，或者重拍。", "person"),
    "PAGE_NUMBER": say("没有这一页。", "请照材料的页码重新填写。", "pages"),
    "PAPER_UNKNOWN": say("没有这种幅面。", "请从列出的幅面里选。", "sheet", "sheets"),
    # devices and sources
    "DEVICE_FORMAT": say("设备编号只用字母、数字和短横线，类别从清单里选。", "请重新填写。", "device"),
    "DEVICE_UNKNOWN": say("没有登记这台设备。", "请查看设备清单，或者先登记。", "device"),
    "DOCUMENT_BROKEN": say("这份文档打不开。", "请用扫描仪或者高拍仪重新采集。"),
    "DOCUMENT_ENCRYPTED": say("这份文档加了密码或者限制。", "请申请人提供没有密码的文件，或者拿纸质件来拍。"),
    "DOCUMENT_ACTIVE": say("这份文档带有脚本或者附件，不收。", "请申请人提供普通文件，或者拿纸质件来拍。"),
    "DOCUMENT_PAGES": say("这份文档页数太多。", "请拆成几份，分别导入。", "limit"),
    "DOCUMENT_PIXELS": say("这份文档的页面尺寸太大。", "请按常用幅面重新导出。", "limit"),
    "DOCUMENT_EMPTY": say("这份文档一页也没有。", "请核对文件后重新导入。"),
    "PAGE_POLYGLOT": say("这个文件同时是另一种格式，不收。", "请用扫描仪或者高拍仪重新采集。"),
    "PAGE_BOMB": say("这个文件解开后远远大于它自己所写的，不收。", "请用扫描仪或者高拍仪重新采集。"),
    "FRAME_FORMAT": say("浏览器传来的画面格式不对。", "请刷新页面后重拍。"),
    "SCANNER_MISSING": say("本机没有装扫描程序。", "请联系技术值守安装，或者改用高拍仪。"),
    "SCANNER_NAME": say("扫描仪的名称不对。", "请照设备清单填写。"),
    "SCANNER_FAILED": say("扫描仪没有扫成。", "请检查电源、连线和纸张后重扫。"),
    "CAMERA_MISSING": say("找不到这台高拍仪。", "请检查连线后再试，或者用厂家程序拍到文件夹。", "device"),
    "CAMERA_SMALL": say("这台高拍仪的像素不够拍清整页。", "请换五百万像素以上的设备。"),
    "CAMERA_DARK": say("高拍仪没有给出画面。", "请重新插拔后再试。", "device"),
    # masking
    "BOX_OUTSIDE": say("遮盖框须在页面之内。", "请重新画框。"),
    "BOX_NUMBER": say("没有这个编号的遮盖框。", "请照画面上的编号填写。", "boxes"),
    "BOX_NOT_TILES": say("声明的遮盖范围不合规定。", "请向出具方重新索取这一页。"),
    "MARK_KIND": say("没有这种遮盖类别。", "请从列出的类别里选。"),
    "PAGE_NOT_READ": say("这一页还没有读完，不知道要遮什么。", "请稍候再试，拍下一页不受影响。"),
    "PAGE_WITHHELD": say("这一页读不准，不能自动对外提供。", "请逐行看过、补画遮盖框后，加上已看过的选项再试。", "why"),
    "MASK_FAILED": say("遮盖后的页面没有通过复核，不予提供。", "请重新遮盖；仍不行请报技术值守。"),
    "MASK_NOT_SOLID": say("声明遮盖的地方没有全部涂实。", "请不要采用这一页，向出具方重新索取。"),
    "MASK_OTHER_PAGE": say("遮盖件和原页不是同一页。", "请重新遮盖这一页。"),
    "MASK_MISSING": say("这一页封存时没有遮盖件。", "请由收件窗口在封存以前遮盖。", "line", "page"),
    "OPENING_FORMAT": say("核验材料的格式不对。", "请向出具方重新索取。"),
    "OPENING_MISMATCH": say("遮盖框以外的内容和封存的页面不一致。", "请不要采用这一页，并报审计人员。"),
    "OPENING_OTHER_PAGE": say("核验材料不是这份清单这一页的。", "请核对清单和页码后再试。"),
    "OPENING_OTHER_CASE": say("证据包里没有哪一步封存过这份清单。", "请核对是不是这一件的证据包；确是这一件的，请报审计人员。"),
    "PAGE_UNCOMMITTED": say("这一页封存时没有逐块承诺，不能核验。", "请改用完整页面核对。"),
    "FIELD_UNKNOWN": say("表里没有这一项。", "请核对项目名称。"),
    "TREE_SIZE": say("这一页太大或者没有内容，不能逐块承诺。", "请降低分辨率后重拍。"),
}
# fmt: on

_LOOK: Final = "请逐行看过整页、补画遮盖框，再用 window mask make 加 --looked 生成遮盖件"
_SHOOT: Final = "请压平、对准、补光后重拍这一页；仍读不准的，" + _LOOK
WITHHELD_WAYS: Final[dict[str, str]] = {
    "NOTHING_READ": "请看是不是空白页或者照片；确要对外提供的，" + _LOOK,
    "POORLY_READ": _SHOOT,
    "LINES_NOT_READ": _SHOOT,
    "VERTICAL_TEXT": _LOOK,
    "DIGIT_GRID": "请核对逐格填写的号码，" + _LOOK,
    "TIME_LIMIT": "请重拍一次；仍然超时的，" + _LOOK,
    "MEMORY_LIMIT": "请降低分辨率重拍；或者" + _LOOK,
    "READING_BROKE": "请重拍一次；仍然中断的，" + _LOOK,
    "STILL_READ": _LOOK,
    "NOT_IN_TIME": "请稍候再封存；急办的可以先封存，这一页不对外提供",
    "MASK_FAILED": "请重新遮盖；仍不行请报技术值守",
}
"""What the clerk can do about each of ``reasons.WITHHELD_REASONS``, before the seal."""
