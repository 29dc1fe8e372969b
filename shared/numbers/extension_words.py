"""Words that introduce an internal extension, in the languages that companies write their directories in.

They are libphonenumber's words (its `_extn_pattern`) and others that it lacks, folded by
`text.fold_word`.
"""

from shared.numbers.text import fold_word

_BY_LANGUAGE = {
    "English": "ext extn exten extens extension extention ex xt xtn x internal intern intl int extensions dial",
    "German": "durchwahl durchw dw ddw nebenstelle nebenst nst nbst klappe kl app apparat hausruf ha hausapparat",
    "French": "poste postes interne ligne",
    "Spanish": "extensión extensiones anexo anx interno int interior local loc ext",
    "Portuguese": "ramal r rm extensão",
    "Italian": "interno int derivazione est estensione",
    "Dutch": "toestel tst toest doorkies doorkiesnummer",
    "Swedish": "anknytning ankn ank anslutning",
    "Danish and Norwegian": "lokal lokalnummer lokalnr lok linje internnummer",
    "Finnish": "alanumero alanro ala alaliittymä",
    "Icelandic": "innanhúss",
    "Polish": "wewnętrzny wewnetrzny wewn wew",
    "Czech and Slovak": "linka klapka klapky",
    "Hungarian": "mellék melléke mell belső",
    "Romanian": "interior int",
    "Russian, Ukrainian, Bulgarian": "доб добавочный добав внутр внутренний вн дод додатковий вътр вътрешен",
    "Serbian, Croatian, Slovene": "lokal локал kućni kucni interni interna интерни",
    "Greek": "εσωτ εσωτερικό εσ",
    "Turkish": "dahili dahilî dah dahılı hat",
    "Arabic": "تحويلة تحويله داخلي",
    "Persian": "داخلی",
    "Hebrew": "שלוחה פנימי",
    "Hindi": "एक्सटेंशन विस्तार",
    "Japanese": "内線 内線番号 内",
    "Chinese": "分机 分机号 分機 分機號 转 轉 转接 轉接 内线 內線",
    "Korean": "내선 내선번호 구내",
    "Vietnamese": "lẻ nhánh",
    "Thai": "ต่อ",
    "Indonesian and Malay": "ekstensi ekst pesawat sambungan samb",
    "Lithuanian": "vidinis vid",
    "Latvian": "iekšējais iekš",
    "Estonian": "sisenumber siseliin",
    "Catalan": "extensió",
}
WORDS = frozenset(fold_word(word) for words in _BY_LANGUAGE.values() for word in words.split())
# Words that may come between the extension word and the digits.
FILLERS = frozenset(
    fold_word(word) for word in "no nr num number nummer numero número numéro n号 号 № n".split()
)
