import { textSetting } from "agent-kit/service";

/** What is wrong with `a b`: it would be taken for two scopes by one reader and for one by the next. */
export const BLANK_INSIDE = "a scope has no blanks in it; put commas between several";

/** The scopes of `a, b`, without duplicates; undefined when one has a blank inside. */
export function readScopeList(text: string): string[] | undefined {
  const words = text.split(",").map((word) => word.trim());
  if (words.some((word) => /\s/.test(word))) return undefined;
  return [...new Set(words.filter((word) => word !== ""))];
}

/** Scopes, or beginnings of them, separated by commas. Default none. */
export function scopeListSetting() {
  return textSetting("")
    .unwrap()
    .refine((text) => readScopeList(text) !== undefined, BLANK_INSIDE)
    .transform((text) => readScopeList(text) ?? [])
    .default([]);
}
