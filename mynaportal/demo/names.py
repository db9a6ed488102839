"""Names of fictional residents: kanji, kana and Latin letters that agree with each other.

Own tables. Some family names are written with the rare characters that real registers are full of (髙, 﨑, 𠮷, and a
character with a variation selector), because every page and letter has to survive them.
"""

from __future__ import annotations

import random
from collections.abc import Container
from typing import NamedTuple


class Name(NamedTuple):
    """One part of a name as written and as read (katakana)."""

    kanji: str
    kana: str


def _table(text: str) -> tuple[Name, ...]:
    words = text.split()
    return tuple(Name(kanji, kana) for kanji, kana in zip(words[::2], words[1::2], strict=True))


FAMILY = _table("""
    佐藤 サトウ 鈴木 スズキ 高橋 タカハシ 田中 タナカ 伊藤 イトウ 渡辺 ワタナベ 山本 ヤマモト 中村 ナカムラ
    小林 コバヤシ 加藤 カトウ 吉田 ヨシダ 山田 ヤマダ 佐々木 ササキ 山口 ヤマグチ 松本 マツモト 井上 イノウエ
    木村 キムラ 林 ハヤシ 斎藤 サイトウ 清水 シミズ 山崎 ヤマザキ 森 モリ 池田 イケダ 橋本 ハシモト
    阿部 アベ 石川 イシカワ 山下 ヤマシタ 中島 ナカジマ 石井 イシイ 小川 オガワ 前田 マエダ 岡田 オカダ
    長谷川 ハセガワ 藤田 フジタ 後藤 ゴトウ 近藤 コンドウ 村上 ムラカミ 遠藤 エンドウ 青木 アオキ 坂本 サカモト
    福田 フクダ 太田 オオタ 西村 ニシムラ 藤井 フジイ 岡本 オカモト 金子 カネコ 藤原 フジワラ 三浦 ミウラ
    中野 ナカノ 原田 ハラダ 松田 マツダ 竹内 タケウチ 小野 オノ 田村 タムラ 中山 ナカヤマ 和田 ワダ
    石田 イシダ 森田 モリタ 上田 ウエダ 原 ハラ 内田 ウチダ 柴田 シバタ 酒井 サカイ 宮崎 ミヤザキ
    横山 ヨコヤマ 高木 タカギ 安藤 アンドウ 宮本 ミヤモト 大野 オオノ 小島 コジマ 谷口 タニグチ 工藤 クドウ
    今井 イマイ 高田 タカダ 丸山 マルヤマ 増田 マスダ 杉山 スギヤマ 村田 ムラタ 大塚 オオツカ 新井 アライ
    小山 コヤマ 平野 ヒラノ 藤本 フジモト 河野 コウノ 上野 ウエノ 野口 ノグチ 武田 タケダ 松井 マツイ
    千葉 チバ 菅原 スガワラ 岩崎 イワサキ 久保 クボ 木下 キノシタ 佐野 サノ 野村 ノムラ 松尾 マツオ
    市川 イチカワ 菊地 キクチ 杉本 スギモト 古川 フルカワ 大西 オオニシ 島田 シマダ 水野 ミズノ 桜井 サクライ
    渡部 ワタナベ 高野 タカノ 吉川 ヨシカワ 山内 ヤマウチ 西田 ニシダ 飯田 イイダ 菊池 キクチ 西川 ニシカワ
    小松 コマツ 北村 キタムラ 安田 ヤスダ 五十嵐 イガラシ 川口 カワグチ 平田 ヒラタ 関 セキ 中田 ナカタ
    久保田 クボタ 服部 ハットリ 東 ヒガシ 岩田 イワタ 土屋 ツチヤ 川崎 カワサキ 福島 フクシマ 本田 ホンダ
    辻 ツジ 樋口 ヒグチ 秋山 アキヤマ 田口 タグチ 永井 ナガイ 山中 ヤマナカ 中川 ナカガワ 川上 カワカミ
    吉村 ヨシムラ 大石 オオイシ 馬場 ババ 浅野 アサノ 荒木 アラキ 大久保 オオクボ 野田 ノダ 小池 コイケ
""")

# Written as the register writes them; the last two carry a variation selector (U+E0100) that tells two shapes apart.
RARE_FAMILY = _table("""
    髙橋 タカハシ 山﨑 ヤマザキ 𠮷田 ヨシダ 渡邉 ワタナベ 齋藤 サイトウ 濵田 ハマダ 葛󠄀西 カサイ 辻󠄀 ツジ
""")

# Given names by the time in which they were popular: the first year of birth for which each table is used.
GIVEN_MALE = {
    1900: _table("""
        茂 シゲル 実 ミノル 清 キヨシ 勝 マサル 正 タダシ 進 ススム 昭 アキラ 武 タケシ 弘 ヒロシ 勇 イサム
        三郎 サブロウ 義雄 ヨシオ 和夫 カズオ 幸雄 ユキオ 敏夫 トシオ 信夫 ノブオ 昭二 ショウジ 忠 タダシ 正雄 マサオ
        光男 ミツオ
    """),
    1955: _table("""
        誠 マコト 浩 ヒロシ 隆 タカシ 博 ヒロシ 修 オサム 健一 ケンイチ 和彦 カズヒコ 明 アキラ 豊 ユタカ 聡 サトシ
        剛 ツヨシ 直樹 ナオキ 健司 ケンジ 哲也 テツヤ 英樹 ヒデキ 学 マナブ 竜也 タツヤ 大輔 ダイスケ 拓也 タクヤ
        裕介 ユウスケ 亮 リョウ 健太 ケンタ 達也 タツヤ 太郎 タロウ 圭一 ケイイチ
    """),
    1990: _table("""
        翔 ショウ 翔太 ショウタ 蓮 レン 大翔 ヒロト 悠斗 ユウト 陽翔 ハルト 湊 ミナト 樹 イツキ 颯太 ソウタ 悠真 ユウマ
        陸 リク 海斗 カイト 大和 ヤマト 結翔 ユイト 朝陽 アサヒ 蒼 アオイ 律 リツ 駿 シュン 匠 タクミ 航 ワタル
        陽太 ヨウタ 拓海 タクミ 遼 リョウ 優斗 ユウト 一樹 カズキ
    """),
}
GIVEN_FEMALE = {
    1900: _table("""
        和子 カズコ 幸子 サチコ 節子 セツコ 洋子 ヨウコ 弘子 ヒロコ 美代子 ミヨコ 京子 キョウコ 文子 フミコ 千代 チヨ
        敏子 トシコ 恵子 ケイコ 久子 ヒサコ 正子 マサコ 信子 ノブコ 春江 ハルエ 静江 シズエ ハナ ハナ キヨ キヨ
        芳子 ヨシコ 貞子 サダコ
    """),
    1955: _table("""
        由美子 ユミコ 真由美 マユミ 明美 アケミ 久美子 クミコ 直美 ナオミ 由美 ユミ 恵美 エミ 智子 トモコ 裕子 ユウコ
        陽子 ヨウコ 香織 カオリ 理恵 リエ 美穂 ミホ 麻衣 マイ 愛 アイ 恵 メグミ 花子 ハナコ 雅子 マサコ 千尋 チヒロ
        美紀 ミキ 綾 アヤ 友美 トモミ 彩 アヤ 瞳 ヒトミ 沙織 サオリ
    """),
    1990: _table("""
        美咲 ミサキ 葵 アオイ 陽菜 ヒナ 結衣 ユイ さくら サクラ 凛 リン 莉子 リコ 結菜 ユイナ 心春 コハル 優奈 ユウナ
        杏 アン 七海 ナナミ 芽依 メイ 彩花 アヤカ 美月 ミヅキ 紬 ツムギ 詩 ウタ 澪 ミオ 咲良 サクラ 花音 カノン
        ひかり ヒカリ 萌 モエ 楓 カエデ 千晴 チハル 琴音 コトネ
    """),
}


class ForeignName(NamedTuple):
    """A name in Latin letters as on the residence card, and its reading."""

    family: str
    given: str
    family_kana: str
    given_kana: str
    sex: str


# Men first (sex "1"), then women ("2"), each with the reading that the municipality notes.
FOREIGN = (
    ForeignName("NGUYEN", "VAN MINH", "グエン", "ヴァン ミン", "1"),
    ForeignName("NGUYEN", "THI LAN", "グエン", "ティ ラン", "2"),
    ForeignName("SANTOS", "MARIA CRISTINA", "サントス", "マリア クリスティーナ", "2"),
    ForeignName("SILVA", "CARLOS EDUARDO", "シルヴァ", "カルロス エドゥアルド", "1"),
    ForeignName("KIM", "MINJI", "キム", "ミンジ", "2"),
    ForeignName("LI", "WEI", "リ", "ウェイ", "1"),
    ForeignName("SHARMA", "RAJ KUMAR", "シャルマ", "ラジ クマール", "1"),
    ForeignName("GURUNG", "SITA", "グルン", "シタ", "2"),
    ForeignName("MARTIN", "SOPHIE ANNE", "マルタン", "ソフィー アンヌ", "2"),
    ForeignName("SMITH", "JOHN ROBERT", "スミス", "ジョン ロバート", "1"),
)


def family_name(chance: random.Random) -> Name:
    """A family name; about one in fifteen is written with rare characters, as in life. Common names come first."""
    if chance.random() < 1 / 15:
        return chance.choice(RARE_FAMILY)
    # The lower of two draws prefers the front of the table, where the common names stand.
    return FAMILY[min(chance.randrange(len(FAMILY)), chance.randrange(len(FAMILY)))]


def given_name(chance: random.Random, *, sex: str, birth_year: int, taken: Container[str] = ()) -> Name:
    """A given name of the time, other than those `taken` (two children of one family have different ones)."""
    tables = GIVEN_MALE if sex == "1" else GIVEN_FEMALE
    table = tables[max(year for year in tables if year <= birth_year)]
    return chance.choice([name for name in table if name.kanji not in taken])


_KANA = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
    "ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポ"
)
_LATIN = """
    A I U E O KA KI KU KE KO SA SHI SU SE SO TA CHI TSU TE TO NA NI NU NE NO HA HI FU HE HO MA MI MU ME MO YA YU YO
    RA RI RU RE RO WA O N GA GI GU GE GO ZA JI ZU ZE ZO DA JI ZU DE DO BA BI BU BE BO PA PI PU PE PO
"""
_SYLLABLES = dict(zip(_KANA, _LATIN.split(), strict=True))
_GLIDES = {"ャ": "A", "ュ": "U", "ョ": "O"}


def romanise(kana: str) -> str:
    """Katakana in the Hepburn letters of passports: long vowels are not marked (サトウ is SATO, オオノ is ONO).

    n is m before b, m and p (ホンマ is HOMMA); a doubled consonant is written twice (ハットリ is HATTORI).
    """
    latin = ""
    doubled = False
    for position, sign in enumerate(kana):
        if sign == "ッ":
            doubled = True
            continue
        if sign in _GLIDES:
            # キャ is KYA; シャ, チャ and ジャ lose the Y.
            stem = latin[:-1]
            latin = stem + ("" if stem.endswith(("SH", "CH", "J")) else "Y") + _GLIDES[sign]
            continue
        syllable = _SYLLABLES[sign]
        if doubled:
            syllable, doubled = ("T" if syllable.startswith("CH") else syllable[0]) + syllable, False
        if latin.endswith("N") and syllable[0] in "BMP":
            latin = latin[:-1] + "M"
        # ウエ (上) is a word of its own, so that イノウエ keeps its U.
        if latin[-1:] + syllable in {"OU", "OO", "UU"} and kana[position : position + 2] != "ウエ":
            continue
        latin += syllable
    return latin
