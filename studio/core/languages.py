"""Names of the languages that listening and speaking models know, by the codes requests use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NAMES = (
    "af Afrikaans,am Amharic,ar Arabic,as Assamese,az Azerbaijani,ba Bashkir,be Belarusian,"
    "bg Bulgarian,bn Bengali,bo Tibetan,br Breton,bs Bosnian,ca Catalan,cs Czech,cy Welsh,"
    "da Danish,de German,el Greek,en English,es Spanish,et Estonian,eu Basque,fa Persian,"
    "fi Finnish,fo Faroese,fr French,gl Galician,gu Gujarati,ha Hausa,haw Hawaiian,he Hebrew,"
    "hi Hindi,hr Croatian,ht Haitian Creole,hu Hungarian,hy Armenian,id Indonesian,is Icelandic,"
    "it Italian,ja Japanese,jw Javanese,ka Georgian,kk Kazakh,km Khmer,kn Kannada,ko Korean,"
    "la Latin,lb Luxembourgish,ln Lingala,lo Lao,lt Lithuanian,lv Latvian,mg Malagasy,mi Maori,"
    "mk Macedonian,ml Malayalam,mn Mongolian,mr Marathi,ms Malay,mt Maltese,my Burmese,ne Nepali,"
    "nl Dutch,nn Nynorsk,no Norwegian,oc Occitan,pa Punjabi,pl Polish,ps Pashto,pt Portuguese,"
    "ro Romanian,ru Russian,sa Sanskrit,sd Sindhi,si Sinhala,sk Slovak,sl Slovenian,sn Shona,"
    "so Somali,sq Albanian,sr Serbian,su Sundanese,sv Swedish,sw Swahili,ta Tamil,te Telugu,"
    "tg Tajik,th Thai,tk Turkmen,tl Tagalog,tr Turkish,tt Tatar,uk Ukrainian,ur Urdu,uz Uzbek,"
    "vi Vietnamese,yi Yiddish,yo Yoruba,yue Cantonese,zh Chinese"
)

#: ISO 639 code to English name, for every language Whisper was made for.
LANGUAGES: Mapping[str, str] = MappingProxyType(
    dict(each.split(" ", 1) for each in _NAMES.split(","))
)


def language_name(code: str) -> str:
    """Return the English name of a language, its code in capitals where there is none."""
    return LANGUAGES.get(code, code.upper())


def find_language(wanted: str) -> str:
    """Return the code of a language given by code, tag ("en-GB") or English name; "" unknown."""
    name = wanted.strip().casefold()
    short = name.replace("_", "-").partition("-")[0]
    if short in LANGUAGES:
        return short
    return next((code for code, title in LANGUAGES.items() if title.casefold() == name), "")
