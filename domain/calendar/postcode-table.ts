/** What the postcodes of one country say, such as the Land or the time zone. */
export interface PostcodeTable {
  /** A postcode in capitals, without spaces and hyphens; leading zeros that a spreadsheet ate are put back before. */
  readonly form: RegExp;
  /** How many digits a postcode has where it has no letters. */
  readonly digits: number;
  /**
   * Beginnings of postcodes by what they mean, separated by spaces; `324-325` is all from 324 to 325. The longest
   * beginning that fits a postcode counts, so that an exception stands beside its rule.
   */
  readonly beginnings: Readonly<Record<string, string>>;
}

interface Row {
  readonly from: string;
  readonly to: string;
  readonly meaning: string;
}

const compiled = new Map<PostcodeTable, readonly Row[]>();

/** What `table` says of `postcode`; null where the postcode is not of that country's form or the table says nothing. */
export function meaningOf(table: PostcodeTable, postcode: string): string | null {
  const code = normalisePostcode(table, postcode);
  if (code === null) return null;
  let rows = compiled.get(table);
  if (rows === undefined) {
    rows = compile(table);
    compiled.set(table, rows);
  }
  const row = rows.find(({ from, to }) => {
    const beginning = code.slice(0, from.length);
    return beginning >= from && beginning <= to;
  });
  return row?.meaning ?? null;
}

/** `postcode` (`D-1067`, `K1A 0B1`, `90210-1234`) as the table has it; null where it is not of the country's form. */
export function normalisePostcode(
  { form, digits }: Omit<PostcodeTable, 'beginnings'>,
  postcode: string,
): string | null {
  const bare = postcode
    .toUpperCase()
    .trim()
    .replace(/^[A-Z]{1,3}-/, '')
    .replace(/[\s-]/g, '');
  const code = /^\d+$/.test(bare) && bare.length === digits - 1 ? `0${bare}` : bare;
  return form.test(code) ? code : null;
}

/** The rows of a table, longest beginnings first. */
function compile({ beginnings }: PostcodeTable): readonly Row[] {
  const rows = Object.entries(beginnings).flatMap(([meaning, list]) =>
    list.split(/\s+/).map((item): Row => {
      const [from = '', to = from] = item.split('-');
      return { from, to, meaning };
    }),
  );
  return rows.sort((a, b) => b.from.length - a.from.length);
}
