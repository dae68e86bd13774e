import { inPlace } from "./in-place.ts";

/** The page's `main`, which takes the focus: `tabIndex={-1}`. */
export const MAIN_ID = "main";

/**
 * The first tab stop of a page, which leads past the header to {@link MAIN_ID}. The address stays:
 * it names a run.
 */
export function SkipLink() {
  return (
    <a
      className="skip"
      href={`#${MAIN_ID}`}
      onClick={inPlace(() => document.getElementById(MAIN_ID)?.focus())}
    >
      Skip to the content
    </a>
  );
}
