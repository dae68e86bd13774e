import type { MouseEvent } from "react";

/**
 * Click handler of a link that acts on this page. A click that opens a new tab or window follows
 * the URL.
 */
export function inPlace(act: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    act();
  };
}
