"""Ten real pages in each of Chinese, Japanese and Russian: news as others saved them and published
them in source packages of Python, which tests/mcp/pages/requirements.txt pins, and documentation
that stands in tests/mcp/pages/documents. For each, by hand: words as in ``support.pages``."""

import gzip

from support import sdists
from support.pages import PINNED, Saved

_GNE = "gne-0.4.3/tests/{}.html"
_NEWSPAPER = "newspaper4k-0.9.6/tests/data/html/{}.html"


def chinese(name: str, main: tuple[str, ...], around: tuple[str, ...]) -> Saved:
    return Saved(_GNE.format(name), main, around)


def japanese(name: str, main: tuple[str, ...], around: tuple[str, ...]) -> Saved:
    return Saved(_NEWSPAPER.format(name), main, around)


def document(name: str, main: tuple[str, ...], around: tuple[str, ...]) -> Saved:
    return Saved(f"documents/{name}.html.gz", main, around)


def bodies(pages: tuple[Saved, ...]) -> dict[str, bytes]:
    """By path."""
    fetched = sdists.unpack(PINNED / "requirements.txt", "saved-pages")
    return {
        page.path: gzip.decompress((PINNED / page.path).read_bytes())
        if page.path.startswith("documents/")
        else (fetched / page.path).read_bytes()
        for page in pages
    }


_SPHINX_JA = ("前のトピックへ", "ソースコードを表示", "クイック検索", "Developer's Reference Team")
_SPHINX_RU = ("Предыдущий раздел", "Исходный текст", "Быстрый поиск", "Developer's Reference Team")
_LILYPOND = ("automatic language selection", "Valid HTML 4.01", "人々の評価", "内部リファレンス")
_UBUNTU = ("Help translate", "grab the source code", "Back to Top", "Browse The Guide")

CHINESE: tuple[Saved, ...] = (
    chinese(
        "sina/1",
        ("这里充满了活力，即使现在是早上9点半", "其实就是中国人最习以为常的公园",
         "大家看起来都很灵巧"),
        ("96.5万人参加国考笔试", "让小型卫星享受专车待遇", "会八国语言的男孩",
         "新浪新闻意见反馈留言板"),
    ),
    chinese(
        "ifeng/1",
        ("“眼睛被塞纸”事件，仍有许多疑问", "往眼睛里塞几十张纸片", "曾荣获“中国十佳小康村”",
         "学校不得开除违反学校管理制度的学生"),
        ("石家庄最牛“钉子户”", "特别聚能提升热效率", "投资者关系 Investor Relations"),
    ),
    chinese(
        "thepaper/1",
        ("烧钱导致过度竞争", "涨价是回归商业本质的理性行为", "街电推出的全国免费充电"),
        ("洞悉中国动向的时政解读", "王菲版《我和我的祖国》怎么样", "圆明园遗址公园定于10月1日"),
    ),
    chinese(
        "people/1",
        ("父亲的教诲像一盏灯", "纸上得来终觉浅", "陆游写给自己小儿子陆聿", "明者处事，莫尚於中"),
        ("一家人乘车赴跨国婚礼", "拍摄到全球首例白色大熊猫", "人 民 网 版 权 所 有"),
    ),
    chinese(
        "xinhuanet/1",
        ("再次爆发全国跨行业大罢工", "全巴黎16条地铁线路有10条停运", "大罢工将是“无限期”的"),
        ("沙特2020年财政支出预计", "冬季游开启互换模式"),
    ),
    chinese(
        "csdn/1",
        ("参会人数超过了700人", "像写C代码一样在JScript中调用", "利用OAuth劫持用户身份"),
        ("你的业务是否适合上链", "平安云跻身IDC报告", "北京互联网违法和不良信息举报中心"),
    ),
    chinese(
        "guancha/2",
        ("全球每生产3块集成电路就有2块", "主要推动力是对外加工服务",
         "集成电路设计业的产品分布在通信"),
        ("整天在外光鲜出席活动放嘴炮", "套补贴的太多", "吉祥物被砸", "美企撤离中国？相反"),
    ),
    chinese(
        "qq/2",
        ("监管方从年初就在酝酿", "擅长清洗数据的第三方数据行业",
         "仅信息核验服务就被细分为43个项目"),
        ("英国女王到底有多少地产", "北京平价茅台开售千人排队", "中钢协解谜铁矿石"),
    ),
    chinese(
        "gamersky/gamersky",
        ("每周的版本更新都安排在周四", "没桌没椅没冰箱", "因为会呼吸的江湖已经入暑"),
        ("《圣歌》首席制作人离职", "步大扯垮的囧图", "《无主之地3》背后的河南好声音"),
    ),
    chinese(
        "wechat/1",
        ("此次发布的三款 S20 系列手机", "非常适合单手握持", "全系均将配备 LPDDR5 内存",
         "先进而复杂的铰链工艺制程"),
        ("看一看入口已关闭", "长按识别前往小程序", "最多200字，当前共"),
    ),
)  # fmt: skip
JAPANESE: tuple[Saved, ...] = (
    japanese(
        "japanese_article",
        ("歴史的な米朝首脳会談を巡って戦っていたのは", "習近平も「勝ち組」になったかに見える"),
        ("クシュナー氏が橋渡し", "マリーナベイ・サンズ", "俺のダンディズム",
         "ご希望の日時と場所で"),
    ),
    japanese(
        "japanese_article2",
        ("少女を使った自爆攻撃が起き", "死傷者の大半は町の外から",
         "ボコ・ハラムが劣勢にあると繰り返し主張"),
        ("「大統領と呼ぶように」マクロン氏", "日本がコロンビアから金星",
         "サイトに関するお問い合わせ", "『AFPBB News』を運営するスタッフ"),
    ),
    document(
        "developers-reference-ja-l10n",
        ("Debian がサポートしている自然言語の数は未だ増え続けています",
         "翻訳された文章があなたのメールボックスへと届く", "互いを尊敬しあうこと"),
        _SPHINX_JA,
    ),
    document(
        "developers-reference-ja-duties",
        ("you're supposed to provide high-quality packages", "更新は少なくとも月に1度は",
         "まったく新しい鍵を追加したり"),
        _SPHINX_JA,
    ),
    document(
        "maint-guide-ja-modify",
        ("アップストリームのソースを修正する具体的なやり方", "コマンドのシェル入力完了機能",
         "alias dquilt=\"quilt --quiltrc=", "実行可能バイナリーは", "API 変更があった場合"),
        ("第2章 はじめの一歩", "第4章 debian/ ディレクトリー以下に無くてはならないファイル"),
    ),
    document(
        "aptitude-ja-apt",
        ("それを行うための基本ソフトウェア", "これらの単純労働はすべてつまらない雑用なので",
         "この一覧は、更新する必要のあるパッケージを検索", "マニュアルページ sources.list(5)"),
        ("パッケージマネージャとは", "aptitude を入手するには"),
    ),
    document(
        "aptitude-ja-command-line",
        ("コマンドラインから直接パッケージを管理することも可能", "続けますか? [Y/n/?]",
         "以下の新規パッケージが自動的にインストールされます",
         "パッケージの完全削除は、パッケージだけでなく"),
        ("パッケージ一覧の更新とパッケージのインストール", "aptitude reference guide"),
    ),
    document(
        "lilypond-ja-bug-reports",
        ("クラッシュや記述どおりの出力を得られない", "ほとんどのバグは 4 つ以下の音符で",
         "\\relative c'' { bes1 ~ bes1 }", "望ましい結果を提示してもらえるととても役に立ちます"),
        _LILYPOND,
    ),
    document(
        "lilypond-ja-contact",
        ("ユーザ同士で議論やヘルプを行う場所", "ユーザが投稿した例の大きなコレクション",
         "我々の IRC チャネルで", "マニュアルの翻訳に関するすべての議論"),
        _LILYPOND,
    ),
    document(
        "lilypond-ja-easier-editing",
        ("軽量かつ強力な、音楽・テキストエディタ", "グラフィカル ビューと並べて表示",
         "総譜とパート譜の作成を支援する"),
        _LILYPOND,
    ),
)  # fmt: skip
RUSSIAN: tuple[Saved, ...] = (
    document(
        "doublecmd-ru-faq",
        ("если изображение – действие будет работать как команды",
         "Не работает с некоторыми серверами! После подключения получаю ошибки",
         "Требуются библиотеки OpenSSL: поместите libeay32.dll"),
        ("Домашняя страница",),
    ),
    document(
        "doublecmd-ru-viewer",
        ("Встроенный просмотрщик предназначен для просмотра файлов любого размера",
         "Просмотрщик покажет текст из офисных документов", "Это удобно, если нужно разложить"),
        ("Домашняя страница",),
    ),
    document(
        "ubuntu-ru-chroots",
        ("вы можете создать среду другой версии", "debootstrap trusty trusty/",
         "позволит вам иметь в распоряжении полную файловую систему",
         "SBuild – система, похожая на PBuilder"),
        _UBUNTU,
    ),
    document(
        "ubuntu-ru-fixing-a-bug",
        ("в процессе исправления ошибок в Ubuntu нет никаких сюрпризов",
         "мы пройдем через все необходимые шаги",
         "не пришлось гадать, какими были основания"),
        _UBUNTU,
    ),
    document(
        "maint-guide-ru-start",
        ("процесс создания пакета Debian с точки зрения обычного пользователя",
         "наиболее заметным из которых является ядро Linux",
         "В нём также содержатся ссылки на материалы по программированию"),
        ("Глава 2. Первые шаги",),
    ),
    document(
        "doublecmd-ru-syncdirs",
        ("сканирует каталоги левой и правой файловых панелей",
         "В средней колонке отображается статус файлов",
         "В этом случае Double Commander покажет запрос подтверждения"),
        ("Домашняя страница",),
    ),
    document(
        "aptitude-ru-apt",
        ("Очень хорошо иметь возможность устанавливать и удалять пакеты",
         "если вы позже решите удалить", "скачивая новые списки пакетов с серверов",
         "выходят за рамки настоящего документа"),
        ("Что такое менеджер пакетов?", "Как я могу получить aptitude"),
    ),
    document(
        "aptitude-ru-command-line",
        ("может использоваться для управления пакетами напрямую",
         "Следующие НОВЫЕ пакеты будут автоматически установлены",
         "Вычистка пакета удаляет пакет", "это буква, упреждённая дефисом"),
        ("Обновление списка пакетов и установка пакетов", "Глава 2. Справочное руководство"),
    ),
    document(
        "developers-reference-ru-l10n",
        ("Debian поддерживает постоянно увеличивающееся число языков",
         "эти люди будут просить вас включить их перевод в пакет"),
        _SPHINX_RU,
    ),
    document(
        "developers-reference-ru-duties",
        ("you're supposed to provide high-quality packages",
         "что ваш ключ не только защищён от кражи"),
        _SPHINX_RU,
    ),
)  # fmt: skip
LANGUAGES = {"Chinese": CHINESE, "Japanese": JAPANESE, "Russian": RUSSIAN}
