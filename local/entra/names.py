"""Names of people in twelve cultures, each with the office where they work. Invented combinations of common names."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from local.entra.offices import OFFICES, Office


@dataclass(frozen=True, slots=True)
class Culture:
    """Given and family names; where they are not in Latin letters, `Latin=native`."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    office: Office
    weight: int  # people among forty


def _culture(city: str, weight: int, given: str, family: str) -> Culture:
    return Culture(_listed(given), _listed(family), OFFICES[city], weight)


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip().replace("_", " ") for name in names.split())


CULTURES = (
    _culture(
        "London",
        9,
        "Oliver Amelia George Isla Harry Freya Jack Charlotte Thomas Grace Edward Lucy Daniel Hannah Matthew Eleanor "
        "Samuel Imogen Benjamin Phoebe Rhys Niamh Callum Siobhán Angus Zoë Mary-Jane Toby Priscilla Alasdair",
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts "
        "Green Hall Wood Jackson Clarke O'Brien O'Neill MacDonald Fitzgerald Bennett Hughes Ashworth-Lee Whitfield "
        "Pemberton Blackwood Hawthorne Lister",
    ),
    _culture(
        "Seattle",
        6,
        "James Emily Michael Madison William Ashley Christopher Jessica Joshua Brittany Tyler Megan Brandon Kayla "
        "Ethan Olivia Logan Savannah Mason Chloe DeShawn Aaliyah Hunter Brooke Austin Paige",
        "Miller Anderson Thomas Moore Martin Lee Harris Lewis Young Allen King Scott Baker Nelson Carter Mitchell "
        "Campbell Parker Turner Phillips Washington Jefferson Sullivan Kowalczyk-Reed Henderson Brooks Van_Buren",
    ),
    _culture(
        "München",
        6,
        "Anna Lukas Lena Maximilian Sophie Felix Jörg Hannelore Stefan Katrin Björn Ursula Jürgen Annette Günther "
        "Heike Matthias Sabine Tobias Franziska Hans-Peter Käthe Uwe Änne Wolfgang Birgit",
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein "
        "Wolf Schröder Neumann Schwarz Zimmermann Krüger Groß Weiß von_Hagen Strauß Köhler Jäger Huber Vogt",
    ),
    _culture(
        "Paris",
        4,
        "Camille Louis Clémence Hugues Inès Jules Léa Gabriel Manon Raphaël Élodie Théo Océane François Hélène Jérôme "
        "Aurélie Benoît Agnès Jean-Baptiste Marie-Claire Loïc Noëlle Étienne",
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefèvre Michel García "
        "Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Müller Lefebvre D'Angelo de_La_Tour Noël",
    ),
    _culture(
        "Warszawa",
        3,
        "Zuzanna Jakub Małgorzata Paweł Agnieszka Tomasz Katarzyna Łukasz Joanna Michał Elżbieta Grzegorz Świętosława "
        "Krzysztof Barbara Wojciech Żaneta Bartłomiej",
        "Nowak Kowalska Wiśniewski Wójcik Kowalczyk Kamiński Lewandowska Zieliński Szymańska Woźniak Dąbrowski "
        "Kozłowska Jankowski Mazur Krawczyk Piotrowska Grabowski Pawłowska Gołębiewski Źrebiec Święcicki",
    ),
    _culture(
        "İstanbul",
        2,
        "Ayşe Mehmet Fatma Mustafa Zeynep Ahmet Elif Ömer Özlem Çağla Gökhan Işıl İbrahim Şule Yiğit Ümit",
        "Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Güneş Çetin Işık",
    ),
    _culture(
        "Madrid",
        2,
        "Lucía Hugo María Mateo Paula Martín Sofía Álvaro Carmen José Begoña Íñigo Ángela Joaquín Concepción Núria",
        "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Jiménez Ruiz Hernández Díaz Muñoz "
        "Peña Ibáñez Núñez García-Lorca Ortega_y_Gasset Zúñiga",
    ),
    _culture(
        "Stockholm",
        2,
        "Alma Lars Astrid Björn Saga Åke Ingrid Søren Freja Håkon Maja Jørgen Linnéa Magnus Aino Väinö Guðrún Þór",
        "Andersson Johansson Karlsson Nilsson Hansen Olsen Jensen Nielsen Lindström Bergström Sjöberg Ødegård "
        "Kjær Virtanen Mäkinen Åkesson Þórsdóttir Sørensen",
    ),
    _culture(
        "Bengaluru",
        2,
        "Aarav Priya Arjun Ananya Rohan Kavya Vikram Deepika Siddharth Lakshmi Rajesh Meera Karthik Shreya Harpreet",
        "Sharma Patel Reddy Iyer Singh Kaur Gupta Nair Desai Chatterjee Krishnamurthy Joshi Mehta Banerjee "
        "Venkataraghavan Rao Pillai Bose",
    ),
    _culture(
        "Dubai",
        2,
        "Omar Fatima Khalid Layla Yusuf Mariam Tariq Noor Hassan Aisha Mohammed=محمد Salma=سلمى Ali=علي Huda=هدى Yasmin=ياسمين",
        "Al-Farsi Al-Mansouri Haddad Khoury El-Sayed Nasser Bin_Rashid Al-Hashimi Saleh=صالح Mansour=منصور "
        "Darwish=درويش Ibrahim Qureshi Najjar Al-Zahrani",
    ),
    _culture(
        "上海",
        1,
        "Wei Fang Jie Xiuying=秀英 Lei=磊 Min=敏 Mei Jing=静 Tao=涛 Yan=艳 Haoran=浩然",
        "Wang=王 Li=李 Zhang=张 Liu=刘 Chen=陈 Yang=杨 Huang=黄 Zhao Wu=吴 Zhou=周 Ouyang=欧阳",
    ),
    _culture(
        "東京",
        1,
        "Haruto Yui Sota Hina=陽菜 Ren=蓮 Aoi=葵 Yuto=悠斗 Sakura Kenji=健二 Naoko=直子",
        "Sato=佐藤 Suzuki=鈴木 Takahashi=高橋 Tanaka=田中 Watanabe=渡辺 Ito=伊藤 Yamamoto=山本 Nakamura Kobayashi=小林 Saito",
    ),
)

_LETTERS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "ø": "oe",
        "å": "aa",
        "æ": "ae",
        "þ": "th",
        "ð": "d",
        "ł": "l",
        "ı": "i",
    }
)


def spelt(given: str, family: str) -> tuple[str, str]:
    """The names as their bearer writes them: in their own script when both are known in it, else in Latin letters."""
    if "=" in given and "=" in family:
        return given.rpartition("=")[2], family.rpartition("=")[2]
    return given.partition("=")[0], family.partition("=")[0]


@lru_cache(maxsize=2000)
def address_part(name: str) -> str:
    """The name as an IT department writes it in a user principal name: `Jürgen` is `juergen`."""
    folded = name.partition("=")[0].replace("İ", "I").lower().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain if letter.isalnum() or letter == "-")
