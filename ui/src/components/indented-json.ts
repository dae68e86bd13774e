/** Indents JSON. Returns anything else, including truncated JSON, unchanged. */
export function indentedJson(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
