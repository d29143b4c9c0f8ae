import type { PostcodeTable } from './postcode-table.ts';

const fiveDigits = { form: /^\d{5}$/, digits: 5 };

/**
 * The zone that a postcode lies in, for countries with several. What a country's table does not name keeps the time of the
 * country's main zone (Mexico, Russia) or is not known to be anywhere (mail to the US forces).
 *
 * The United States by three-digit areas: where one lies in two zones (parts of Kentucky, Tennessee, Nebraska, Kansas, the
 * Dakotas and the Upper Peninsula) it has the time of most of its people. Brazil, Indonesia and Russia by the areas of
 * their postcodes, which follow states; Sakha and Nunavut, each with several zones, have that of most of their people.
 */
export const postcodeZones: Readonly<Record<string, PostcodeTable>> = {
  US: {
    form: /^\d{5}(?:\d{4})?$/,
    digits: 5,
    beginnings: {
      'America/New_York': `005 010-089 100-323 326-339 341-349 373-374 376-379 398-418 425-427 430-462 465-475 478-479`,
      'America/Detroit': '480-499',
      'America/Chicago': `324-325 350-372 375 380-397 420-424 463-464 476-477 500-576 580-585 587-588 600-692 700-797`,
      'America/Denver': '577 586 590-599 693 798-799 800-831 840-847 870-885',
      'America/Boise': '832-834 836-837 979',
      'America/Phoenix': '850-865',
      'America/Los_Angeles': '835 838 889-898 900-961 970-978 980-994',
      'America/Anchorage': '995-999',
      'Pacific/Honolulu': '967-968',
      'Pacific/Guam': '969',
      'Pacific/Pago_Pago': '96799',
      'America/Puerto_Rico': '006-007 009',
      'America/St_Thomas': '008',
    },
  },
  CA: {
    form: /^[A-Z]\d[A-Z](?:\d[A-Z]\d)?$/,
    digits: 0,
    beginnings: {
      'America/St_Johns': 'A',
      'America/Goose_Bay': 'A0P A2V',
      'America/Halifax': 'B C',
      'America/Moncton': 'E',
      'America/Toronto': 'G H J K L M N P',
      'America/Winnipeg': 'R P8 P9',
      'America/Regina': 'S',
      'America/Edmonton': 'T X0E X0G X1A',
      'America/Iqaluit': 'X0A',
      'America/Rankin_Inlet': 'X0C',
      'America/Cambridge_Bay': 'X0B',
      'America/Vancouver': 'V',
      'America/Whitehorse': 'Y',
    },
  },
  AU: {
    form: /^\d{4}$/,
    digits: 4,
    beginnings: {
      'Australia/Sydney': '02 1 2',
      'Australia/Broken_Hill': '2880',
      'Australia/Lord_Howe': '2898',
      'Pacific/Norfolk': '2899',
      'Australia/Melbourne': '3 8',
      'Australia/Brisbane': '4 9',
      'Australia/Adelaide': '5',
      'Australia/Perth': '6',
      'Indian/Christmas': '6798',
      'Indian/Cocos': '6799',
      'Australia/Hobart': '7',
      'Australia/Darwin': '08-09',
    },
  },
  ES: {
    ...fiveDigits,
    beginnings: { 'Europe/Madrid': '01-34 36-37 39-50', 'Atlantic/Canary': '35 38', 'Africa/Ceuta': '51-52' },
  },
  PT: {
    form: /^[1-9]\d{3}(?:\d{3})?$/,
    digits: 0,
    beginnings: { 'Europe/Lisbon': '1-8', 'Atlantic/Madeira': '90-94', 'Atlantic/Azores': '95-99' },
  },
  FR: {
    ...fiveDigits,
    beginnings: {
      'Europe/Paris': '01-95 980',
      'America/Guadeloupe': '971',
      'America/Martinique': '972',
      'America/Cayenne': '973',
      'Indian/Reunion': '974',
      'America/Miquelon': '975',
      'Indian/Mayotte': '976',
      'Pacific/Wallis': '986',
      'Pacific/Tahiti': '987',
      'Pacific/Noumea': '988',
    },
  },
  BR: {
    form: /^\d{5}(?:\d{3})?$/,
    digits: 8,
    beginnings: {
      'America/Sao_Paulo': '0-5 60-68 70-77 80-99',
      'America/Manaus': '690-692 694-698',
      'America/Boa_Vista': '693',
      'America/Rio_Branco': '699',
      'America/Porto_Velho': '768-769',
      'America/Cuiaba': '780-788',
      'America/Campo_Grande': '79',
    },
  },
  MX: {
    ...fiveDigits,
    beginnings: {
      'America/Mexico_City': '0-9',
      'America/Tijuana': '21-22',
      'America/Mazatlan': '23 63 80-82',
      'America/Hermosillo': '83-85',
      'America/Cancun': '77',
    },
  },
  ID: {
    ...fiveDigits,
    beginnings: {
      'Asia/Jakarta': '1-6',
      'Asia/Makassar': '70-72 75-77 80-96',
      'Asia/Pontianak': '73-74 78-79',
      'Asia/Jayapura': '97-99',
    },
  },
  RU: {
    form: /^\d{6}$/,
    digits: 6,
    beginnings: {
      'Europe/Moscow': '1-4 60 61',
      'Europe/Kaliningrad': '236-238',
      'Europe/Volgograd': '400-404',
      'Europe/Saratov': '410-413',
      'Europe/Astrakhan': '414-416',
      'Europe/Ulyanovsk': '432-433',
      'Europe/Samara': '426-427 443-446',
      'Asia/Yekaterinburg': '450-462 614-629 640-641',
      'Asia/Omsk': '644-646',
      'Asia/Barnaul': '649 656-659',
      'Asia/Novosibirsk': '630-633',
      'Asia/Tomsk': '634-636',
      'Asia/Novokuznetsk': '650-654',
      'Asia/Krasnoyarsk': '655 660-663 667-668',
      'Asia/Irkutsk': '664-666 669-671',
      'Asia/Chita': '672-674',
      'Asia/Yakutsk': '675-678',
      'Asia/Vladivostok': '679-682 690-692',
      'Asia/Kamchatka': '683-684',
      'Asia/Magadan': '685-686',
      'Asia/Anadyr': '689',
      'Asia/Sakhalin': '693-694',
    },
  },
  CL: {
    form: /^\d{7}$/,
    digits: 0,
    beginnings: { 'America/Santiago': '0-9', 'Pacific/Easter': '277', 'America/Punta_Arenas': '62' },
  },
};
