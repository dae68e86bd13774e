/** A part of a string, and whether it is the same in both strings. */
export interface TextPart {
  readonly text: string;
  readonly differs: boolean;
}

/**
 * Compares two strings line by line for display side by side. In each pair of lines, the part
 * between the longest common prefix and suffix is marked. Equal strings have no marks.
 */
export function compareTexts(one: string, other: string): { left: TextPart[][]; right: TextPart[][] } {
  const left = one.split("\n");
  const right = other.split("\n");
  const pairs = Array.from({ length: Math.max(left.length, right.length) }, (_, index) =>
    compareLines(left[index], right[index]),
  );
  return {
    left: pairs.flatMap(([part]) => (part === undefined ? [] : [part])),
    right: pairs.flatMap(([, part]) => (part === undefined ? [] : [part])),
  };
}

function compareLines(
  one: string | undefined,
  other: string | undefined,
): [TextPart[] | undefined, TextPart[] | undefined] {
  if (one === undefined || other === undefined) {
    const alone = (text: string | undefined) => (text === undefined ? undefined : [{ text, differs: true }]);
    return [alone(one), alone(other)];
  }
  if (one === other) return [[{ text: one, differs: false }], [{ text: other, differs: false }]];
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start++;
  let end = 0;
  while (end < shorter - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
  return [partsOf(one, start, end), partsOf(other, start, end)];
}

function partsOf(text: string, start: number, end: number): TextPart[] {
  return [
    { text: text.slice(0, start), differs: false },
    { text: text.slice(start, text.length - end), differs: true },
    { text: text.slice(text.length - end), differs: false },
  ].filter((part) => part.text !== "");
}
