"""Names in many languages, and the ways in which callers and agents spell, mistype and mishear them.

A name is `Given|Family`. The display name is `Given Family`; in Chinese, Japanese, Korean,
Vietnamese and Hungarian the family name comes first. Spellings and errors are derived with a seeded
random generator, so that every run has the same questions.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_FAMILY_FIRST = frozenset({"Chinese", "Japanese", "Korean", "Hungarian", "Vietnamese"})
_UNSPACED = frozenset({"Chinese", "Japanese", "Korean"})

# At least 13 names per language; most of them aren't names of the other people in the directory.
_NAMES = {
    "German": (
        "Jürgen|Möllenhoff Käthe|Rübsam Björn|Großkopf Annegret|Schädlich "
        "Wolfgang|von_der_Heyden Jörg|Weißgerber Hans-Dieter|Kleinschmidt Bärbel|Öttinger "
        "Philippa|Schmidtbauer Friedrich|Meierling Matthias|Zuckmayer Ulrike|Hötzendorf "
        "Katharina|Fürstenau Sönke|Petersdorff"
    ),
    "English": (
        "Stephen|Featherstone Catherine|Smythson Geoffrey|Clarkson Sean|O'Halloran "
        "John|Ravensworth Philip|McDonaugh Margaret|Thistlewood Rebecca|Broadhurst "
        "Jonathan|Wetherby Kathryn|Hollingsworth Nicholas|Greenhalgh Alistair|Pettigrew "
        "Dorothy|Armitage Theodore|St_Clair"
    ),
    "French": (
        "Jean-Luc|Delacroix Geneviève|Beauchamp François|Lemaître Éléonore|D'Aubigné "
        "Thibault|Chevalier Maëlle|Desrosiers Stéphane|Villeneuve Anaïs|Guérin "
        "Jean-François|de_la_Rochelle Solène|L'Heureux Bérénice|Montaigne Cédric|Charpentier "
        "Gaëtan|Bourguignon"
    ),
    "Spanish": (
        "Guillermo|Echeverría Inmaculada|Villanueva Joaquín|de_la_Cruz Begoña|Ordóñez "
        "Rocío|Castañeda Ramón|Zubizarreta José_Luis|Benavides Encarnación|Quiñones "
        "Óscar|Mondragón Ximena|Arriaga Asunción|Valdivieso Rubén|Santamaría "
        "María_José|Etxeberria"
    ),
    "Italian": (
        "Giuseppe|D'Alessandro Chiara|Bevilacqua Giovanni|Della_Valle Francesca|Quattrocchi "
        "Niccolò|Guicciardini Annalisa|Dell'Acqua Salvatore|Mastroianni Raffaella|Pellegrini "
        "Gianluca|De_Santis Ludovica|Zambrotta Federico|Castelnuovo Beatrice|Chiaramonte "
        "Massimiliano|Ghirlandaio"
    ),
    "Polish": (
        "Stanisław|Wyszyński Bogumiła|Grzegorczyk Zbigniew|Brzęczyszczykiewicz "
        "Jadwiga|Łukaszewska Włodzimierz|Chmielewski Danuta|Żuławska Przemysław|Ostrowski "
        "Halina|Błaszczyk Mieczysław|Rzepecki Sylwia|Skłodowska Kazimierz|Ćwiertniewicz "
        "Urszula|Pietrzak Ryszard|Kuźniar"
    ),
    "Czech": (
        "Jiří|Dvořák Věra|Černohorská Zdeněk|Růžička Božena|Havlíčková Ondřej|Šťastný "
        "Květa|Pospíšilová Vojtěch|Kučera Ludmila|Žižková Přemysl|Hájek Radka|Sedláčková "
        "Řehoř|Mašek Tereza|Brázdilová Štěpán|Hruška"
    ),
    "Danish": (
        "Søren|Kierkegaard Åse|Mortensgaard Jørgen|Ålborg Kirsten|Bækgaard Mogens|Østergaard "
        "Ragnhild|Bjørnstad Håkon|Rødberg Sigrid|Fjeldsted Øyvind|Brekke Solveig|Gulbrandsen "
        "Torbjørn|Kvåle Dagfinn|Høiland Aase|Thorvaldsen"
    ),
    "Swedish": (
        "Göran|Ericsson Märta|Söderqvist Åsa|Häggström Torbjörn|Wallström Gunilla|Lönnqvist "
        "Pär|Sjöstrand Birgitta|Åkerlund Ragnar|Östlund Margareta|Löfgren Kjell-Åke|Tjärnström "
        "Ulla-Britt|Hjelmqvist Sören|Nordenskiöld Elisabet|Gyllenhammar"
    ),
    "Turkish": (
        "Gülşen|Karabıyık Oğuzhan|Çakıroğlu İsmail|Büyükşahin Şeyma|Gündoğdu "
        "Tuğçe|Kılıçdaroğlu Ünal|Ağaoğlu Hüseyin|Özgür Pınar|Taşdemir Çiğdem|Erdoğmuş "
        "Serdar|Yıldırımer Nurcan|Bölükbaşı Tuncay|Şentürk Aslıhan|Küçükkaya"
    ),
    "Dutch": (
        "Willem|van_der_Meulen Annelies|van_den_Berghe Pieter|de_Vries Liesbeth|ter_Horst "
        "Joost|Schouwenaar Marijke|Hoogendoorn Floris|Bloemendaal Wilhelmina|van_'t_Hof "
        "Ruben|Dijkstra Hendrik-Jan|Oosterhuis Femke|Zijlstra Gijsbert|Kuijpers "
        "Saskia|Verbruggen Cornelis|van_Leeuwenhoek"
    ),
    "Arabic": (
        "Abdulrahman|Al-Hassan Mohammed|El-Baradei Khadija|Bin_Laith Yousef|Abu_Zayd "
        "Fatimah|Al_Otaibi Mahmoud|Darwazeh Ibrahim|Ben_Youssef Nadia|Al-Khalifa "
        "Abd_al-Aziz|Qasimi Rania|El_Fassi Muhammad|Al-Ghamdi Samira|Benhamou Tarek|Sa'idi"
    ),
    "Arabic script": (
        "عبدالرحمن|الغامدي فاطمة|الزهراء أحمد|القحطاني إبراهيم|المنصوري منى|الشريفي "
        "خديجة|الهاشمي يوسف|الدوسري مصطفى|البغدادي آمنة|الكردي هدى|العتيبي سلمى|الخطيب "
        "طارق|التميمي ليلى|الأنصاري"
    ),
    "Persian": (
        "علی‌رضا|محمدی امیرحسین|کریمی زهرا|یزدانی مهدی|شیرازی نازنین|کاشانی پرویز|گیلانی "
        "شیرین|تهرانی کیوان|فرهادی بی‌بی|مرادی محمدعلی|اصفهانی پریسا|نیشابوری فریدون|کرمانی "
        "یاسمن|رفسنجانی"
    ),
    "Hindi": (
        "राजेश|कुमार दीपिका|श्रीवास्तव विक्रम|चतुर्वेदी सुनीता|मिश्रा अमिताभ|त्रिपाठी "
        "लक्ष्मी|नारायणन हरीश|अग्रवाल प्रियंका|शर्मा कृष्ण|मूर्ति आनंद|भट्टाचार्य "
        "मीनाक्षी|पांडेय सिद्धार्थ|जोशी रोहिणी|देशमुख"
    ),
    "Chinese": (
        "小明|王 伟强|李 秀兰|张 建国|陈 志远|欧阳 丽娟|黄 海燕|诸葛 文博|司马 晓东|林 雪梅|赵 "
        "子轩|周 玉华|吴 国栋|郑"
    ),
    "Japanese": (
        "太郎|山田 花子|佐々木 健一|長谷川 美咲|渡邊 大輔|小笠原 直樹|五十嵐 恵子|斎藤 "
        "翔太|高橋 由美|藤原 隆|清水 さくら|松本 拓海|中島 ひかり|石川"
    ),
    "Korean": (
        "민준|김 서연|이 지훈|박 수빈|최 현우|정 예은|남궁 도윤|황보 하은|강 재현|윤 유진|임 "
        "성호|한 미경|오 동욱|선우"
    ),
    "Vietnamese": (
        "Văn_An|Nguyễn Thị_Hương|Trần Minh_Đức|Phạm Quốc_Bảo|Đặng Thanh_Thảo|Huỳnh "
        "Hoàng_Yến|Vũ Đình_Phúc|Bùi Ngọc_Ánh|Đỗ Xuân_Trường|Lương Hồng_Nhung|Dương "
        "Tuấn_Kiệt|Phan Bích_Phượng|Trịnh Gia_Hưng|Đoàn"
    ),
    "Hungarian": (
        "Győző|Szőllősi Erzsébet|Kárpáthy György|Nagykövesi Ágnes|Csizmadia Zsófia|Hegedűs "
        "Ödön|Fülöpházi Krisztina|Szentgyörgyi Lőrinc|Gyöngyösi Ildikó|Vásárhelyi "
        "Zoltán|Keresztes Tünde|Bíróczky Árpád|Dezsőfi Boglárka|Ujváry"
    ),
    "Irish": (
        "Siobhán|Ní_Dhomhnaill Caoimhe|O'Shaughnessy Pádraig|Ó_Súilleabháin Aoife|Mac_Giolla "
        "Ruairí|O'Donoghue Niamh|McLoughlin Tadhg|Ó_Cinnéide Gráinne|O'Flaherty "
        "Eoghan|MacCarthaigh Saoirse|Nic_Gabhann Cormac|O'Callaghan Bríd|Uí_Bhriain "
        "Fionnuala|Mac_Aodha"
    ),
    "Hawaiian": (
        "Leilani|Keʻaloha Keoni|Kaʻahumanu Kalani|Nāmāhoe Noelani|Kekauʻōnohi Kimo|Pukuʻi "
        "Lokelani|Kaʻanoi Makoa|ʻŌpūnui Nālani|Kealoha Iolana|Hoʻokano Pōmaikaʻi|Kamakau "
        "Hina|Kūhiō Keʻala|Waiʻaleʻale Mākena|Kapuāiwa"
    ),
    "Russian": (
        "Владимир|Щербаков Екатерина|Соловьёва Дмитрий|Кузнецов Анастасия|Лебедева "
        "Сергей|Преображенский Людмила|Чайковская Алексей|Воробьёв Татьяна|Григорьева "
        "Михаил|Жуковский Ольга|Семёнова Пётр|Достоевский Ксения|Белозёрова Юрий|Шостакович"
    ),
    "Greek": (
        "Γεώργιος|Παπαδόπουλος Ελένη|Κωνσταντινίδου Δημήτρης|Οικονόμου Αικατερίνη|Χατζηδάκη "
        "Νικόλαος|Θεοδωρακόπουλος Μαρία|Αναγνώστου Παναγιώτης|Βασιλείου Σοφία|Καραμανλή "
        "Σπυρίδων|Μαυρογένους Ιωάννα|Τριανταφύλλου Χρήστος|Ζαχαρίου Φωτεινή|Δημητριάδου "
        "Στέφανος|Κυριακίδης"
    ),
}

# Spoken or typed name = the person's name, which sounds the same.
_SOUNDS = (
    "Meier=Maike|Meyer Maier=Maike|Meyer Meyer=Antje|Maier Mayer=Antje|Maier "
    "Schmitt=Ottilie|Schmidt Schmid=Ottilie|Schmidt Schmidt=Ludger|Schmitt "
    "Smith=Prudence|Smyth Smyth=Ebenezer|Smith Jansson=Freja|Jansson "
    "Ericson=Sixten|Eriksson Erikson=Sixten|Eriksson Erickson=Sixten|Eriksson "
    "Clark=Tabitha|Clarke Clarke=Barnaby|Clark Petersen=Ditlev|Pedersen "
    "Hanson=Thyra|Hansen Nilson=Ebba|Nielsen Thomson=Horatio|Thompson "
    "Philips=Cordelia|Phillips Fischer=Traudel|Fisher Hofmann=Irmgard|Hoffmann "
    "Hoffman=Irmgard|Hoffmann Becker=Gisbert|Bäcker Kovacs=Etelka|Kovács "
    "Novak=Ladislav|Nowak Kowalsky=Bronisława|Kowalski Johnston=Hyacinth|Johnstone "
    "Reed=Percival|Reid Browne=Millicent|Brown Braun=Adelheid|Brown Davis=Gwendolyn|Davies "
    "Matthews=Araminta|Mathews Stevens=Lysander|Stephens Rogers=Ottoline|Rodgers "
    "Allan=Fergus|Allen Dupond=Clotilde|Dupont Rousseaux=Aldric|Rousseau "
    "Gonzales=Fermín|González Rodriges=Xulio|Rodríguez Vasquez=Ximeno|Vázquez "
    "Hussain=Zubair|Hussein Khalid=Nuha|Chalid Abdallah=Ruqayya|Abdullah Ahmad=Lubna|Ahmed"
)
_SOUND_GIVEN = (
    "Steven=Stephen|Quillfeather Stephen=Steven|Marchbanks Katherine=Catherine|Oakenshaw "
    "Kathryn=Catherine|Oakenshaw Catherine=Katherine|Ellenborough "
    "Muhammad=Mohammed|Tarkhani Mohamed=Mohammed|Tarkhani Mohammad=Muhammad|Zubairi "
    "Filippa=Philippa|Lindenhayn Philippa=Filippa|Norrgård Jon=John|Whittaker "
    "John=Jon|Fairweather Jeff=Geoff|Tremayne Geoff=Jeff|Culpepper Shaun=Sean|Gallagher "
    "Shawn=Sean|Gallagher Sean=Shaun|Winterbourne Philip=Phillip|Ashdown "
    "Mathew=Matthew|Hathersage Kristina=Christina|Vogelsang Christian=Kristian|Ravnkilde "
    "Karl=Carl|Liebermann Nicolas=Nikolas|Tannenbaum Sofie=Sophie|Waldvogel "
    "Isabel=Isabelle|Montclair Marc=Mark|Ainsworth Erik=Eric|Bjornholm "
    "Lukas=Lucas|Fernwood Yusuf=Yousef|Karimov Josef=Joseph|Baumgarten "
    "Sara=Sarah|Kingsleigh Hana=Hannah|Overbeck Tomas=Thomas|Sundqvist "
    "Alan=Allan|Birtwistle Ann=Anne|Pendlebury Viktoria=Victoria|Hagendorn "
    "Gerard=Gerhard|Lohmeyer"
)
_SOUND_BOTH = (
    "Jon_Smyth=John|Smith Kathryn_Meyer=Catherine|Maier Steven_Clarke=Stephen|Clark "
    "Muhammad_Hussain=Mohammed|Hussein Filippa_Schmitt=Philippa|Schmidt "
    "Kristian_Ericson=Christian|Eriksson Jeffrey_Philips=Geoffrey|Phillips "
    "Shawn_Reed=Sean|Reid"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name and its language."""

    language: str
    given: str
    family: str

    @property
    def shown(self) -> str:
        """The display name."""
        if self.language in _FAMILY_FIRST:
            space = " " if self.language != "Chinese" else ""
            return f"{self.family}{space}{self.given}"
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Question:
    """A text to search for, its kind, and the display name that must be found."""

    kind: str
    language: str
    text: str
    shown: str


def names() -> list[Name]:
    """Return the names of all people who are searched for."""
    found = [_name(language, one) for language, listed in _NAMES.items() for one in listed.split()]
    heard = (_SOUNDS + " " + _SOUND_GIVEN + " " + _SOUND_BOTH).split()
    found += [_name("sounds", one.partition("=")[2]) for one in heard]
    return list(dict.fromkeys(found))


def _name(language: str, text: str) -> Name:
    given, _, family = text.replace("_", " ").partition("|")
    return Name(language, given, family)


def questions(seed: int = 1, errors: int = 2) -> Iterator[Question]:
    """Yield every question once; `errors` is the number of mistyped forms of each kind per name."""
    random = Random(seed)
    for name in names():
        if name.language == "sounds":
            continue
        yield Question("exact", name.language, name.shown, name.shown)
        for kind, text in dict.fromkeys(_spellings(name)):
            yield Question(kind, name.language, text, name.shown)
        if name.language in _UNSPACED:
            continue
        for _ in range(errors):
            yield from (
                Question(kind, name.language, text, name.shown)
                for kind, text in _errors(name, random)
            )
    yield from _heard()


def _heard() -> Iterator[Question]:
    for one in _SOUNDS.split():
        spoken, _, spelled = one.partition("=")
        name = _name("sounds", spelled)
        yield Question("sound: family", "sounds", f"{name.given} {spoken}", name.shown)
    for one in _SOUND_GIVEN.split():
        spoken, _, spelled = one.partition("=")
        name = _name("sounds", spelled)
        yield Question("sound: given", "sounds", f"{spoken} {name.family}", name.shown)
    for one in _SOUND_BOTH.split():
        spoken, _, spelled = one.partition("=")
        yield Question("sound: both", "sounds", spoken.replace("_", " "), _name("", spelled).shown)


_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "ß": "ss"}
    | {"Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Ø": "Oe", "Å": "Aa", "Æ": "Ae"}
)
_PLAIN = str.maketrans(
    {"ø": "o", "Ø": "O", "ß": "ss", "ł": "l", "Ł": "L", "ı": "i", "đ": "d", "Đ": "D"}
    | {"æ": "ae", "Æ": "Ae"}
)
_APOSTROPHES = "'’‘ʼʻ`´"
_ARABIC = str.maketrans("يكىةأإآ", "یکيهااا")
_PERSIAN = str.maketrans("یک", "يك")


def _spellings(name: Name) -> Iterator[tuple[str, str]]:
    shown = name.shown
    yield "order", f"{name.family} {name.given}"
    yield "order", f"{name.given} {name.family}"
    yield "order", f"{name.family}, {name.given}"
    yield "case", shown.upper()
    if (written := shown.translate(_UMLAUTS)) != shown:
        yield "both spellings", written
    plain = unicodedata.normalize("NFD", shown.translate(_PLAIN))
    plain = "".join(one for one in plain if not "\u0300" <= one <= "\u036f")
    if plain != shown and name.language not in ("Korean", "Japanese"):
        yield "both spellings", plain
    if any(one in shown for one in _APOSTROPHES):
        for other in (*_APOSTROPHES, "", " ", "′", "ʹ", "＇", "ʿ"):
            yield "apostrophes", shown.translate(dict.fromkeys(map(ord, _APOSTROPHES), other))
    yield from (("joined and divided", text) for text in _divisions(name))
    yield from _scripts(name)


def _divisions(name: Name) -> Iterator[str]:
    shown = name.shown
    if "-" in shown:
        yield shown.replace("-", " ")
        yield shown.replace("-", "")
    if " " in name.family:
        yield f"{name.given} {name.family.replace(' ', '')}"
        yield f"{name.given} {name.family.replace(' ', '-')}"
        yield name.family.replace(" ", "")
    if name.language in _UNSPACED:
        yield f"{name.family}{name.given}"
        yield f"{name.family} {name.given}"
    if name.family.startswith(("Mc", "Mac")) and " " not in name.family:
        cut = 2 if name.family.startswith("Mc") else 3
        yield f"{name.given} {name.family[:cut]} {name.family[cut:]}"


def _scripts(name: Name) -> Iterator[tuple[str, str]]:
    shown = name.shown
    if "\u200c" in shown:
        yield "invisible", shown.replace("\u200c", "")
    if name.language == "Persian":
        yield "scripts", shown.translate(_PERSIAN)
    if name.language == "Arabic script":
        yield "scripts", shown.translate(_ARABIC)
    if shown.isascii():
        yield "invisible", shown[:3] + "\u00ad" + shown[3:]


def _errors(name: Name, random: Random) -> Iterator[tuple[str, str]]:
    words = name.shown.replace("-", " ").split()
    long = [at for at, word in enumerate(words) if len(word) >= 5]
    if not long:
        return
    yield "error", _with(words, random.choice(long), random)
    yield "error: first letter", _with(words, random.choice(long), random, first=True)
    longest = max(long, key=lambda at: len(words[at]))
    if len(words[longest]) >= 9:
        yield (
            "two errors in a word",
            _with(_with(words, longest, random).split(), longest, random),
        )
    if len(long) >= 2:
        one, other = random.sample(long, 2)
        yield "errors in both words", _with(_with(words, one, random).split(), other, random)
    if len(name.family) >= 6 and name.family.isalpha():
        yield "error: family alone", _with([name.family], 0, random)


def _with(words: list[str], at: int, random: Random, *, first: bool = False) -> str:
    return " ".join([_mistyped(w, random, first) if n == at else w for n, w in enumerate(words)])


def _mistyped(word: str, random: Random, first: bool) -> str:
    """Return the word with a wrong, missing, extra, doubled or swapped letter.

    `first` changes the first letter, otherwise a later one is changed.
    """
    alphabet = word if not word.isascii() else "abcdefghijklmnopqrstuvwxyz"
    for _ in range(20):
        at = 0 if first else random.randrange(1, len(word))
        match random.choice(("wrong", "missing", "extra", "doubled", "swapped")):
            case "wrong":
                made = word[:at] + random.choice(alphabet) + word[at + 1 :]
            case "missing":
                made = word[:at] + word[at + 1 :]
            case "extra":
                made = word[:at] + random.choice(alphabet) + word[at:]
            case "doubled":
                made = word[:at] + word[at] + word[at:]
            case _:
                at = min(at, len(word) - 2)
                made = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        if made != word:
            return made
    return word
