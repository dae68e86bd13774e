/** Link to a section of the wire profile, of draft -11 or of an RFC. */
export type SectionLink =
  | { readonly kind: "profile"; readonly section: string; readonly text: string }
  | { readonly kind: "rfc" | "draft"; readonly url: string; readonly text: string };

const DRAFT_11 = "https://datatracker.ietf.org/doc/html/draft-hardt-oauth-aauth-protocol-11";

/**
 * Links for a check's `section`, such as `profile 2.4`, `profile 1, 2`,
 * `draft -11, section 11.3.4 step 1` or `RFC 9421 3.2`. Empty for any other text.
 */
export function sectionLinks(section: string): SectionLink[] {
  const rfc = /^RFC (\d+) ([\d.]+)$/.exec(section);
  if (rfc !== null) {
    const [text, number, part] = rfc;
    return [{ kind: "rfc", text, url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${part}` }];
  }
  const draft = /^draft -11, section (\d+(?:\.\d+)*)( step \d+)?$/.exec(section);
  if (draft !== null) {
    const [, part, step = ""] = draft;
    return [{ kind: "draft", text: `draft -11, ${part}${step}`, url: `${DRAFT_11}#section-${part}` }];
  }
  const profile = /^profile (.+)$/.exec(section);
  return (profile?.[1] ?? "")
    .split(/,\s*/)
    .filter((part) => /^\d+(\.\d+)*$/.test(part))
    .map((part) => ({ kind: "profile", section: part, text: `profile ${part}` }));
}
