/** Where a section can be read: one of the wire profile, or of an RFC. */
export type SectionLink =
  | { readonly kind: "profile"; readonly section: string; readonly text: string }
  | { readonly kind: "rfc"; readonly url: string; readonly text: string };

/**
 * The places behind a check's `section`, such as `profile 2.4`, `profile 1, 2` or `RFC 9421 3.2`. Text that names neither gives none.
 */
export function sectionLinks(section: string): SectionLink[] {
  const rfc = /^RFC (\d+) ([\d.]+)$/.exec(section);
  if (rfc !== null) {
    const [text, number, part] = rfc;
    return [{ kind: "rfc", text, url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${part}` }];
  }
  const profile = /^profile (.+)$/.exec(section);
  return (profile?.[1] ?? "")
    .split(/,\s*/)
    .filter((part) => /^\d+(\.\d+)*$/.test(part))
    .map((part) => ({ kind: "profile", section: part, text: `profile ${part}` }));
}
