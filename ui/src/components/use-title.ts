import { useEffect } from "react";

const PRODUCT = "AAuth demo";

/**
 * Names the browser's tab for as long as a view is shown, which comes first: a tab has little room.
 * Undefined for the product's name alone.
 */
export function useTitle(view: string | undefined): void {
  useEffect(() => {
    document.title = view === undefined ? PRODUCT : `${view} · ${PRODUCT}`;
    return () => {
      document.title = PRODUCT;
    };
  }, [view]);
}
