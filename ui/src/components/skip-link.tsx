import { inPlace } from "./in-place.ts";

/** Id of the page's `main`, which must be focusable: `tabIndex={-1}`. */
export const MAIN_ID = "main";

/**
 * The first tab stop of a page, which skips the header and focuses {@link MAIN_ID}. The URL does
 * not change, because its fragment names a run.
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
