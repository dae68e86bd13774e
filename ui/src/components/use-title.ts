import { useEffect } from "react";

const PRODUCT = "AAuth demo";

/**
 * Sets the tab title while a view is shown, with the view first because tabs are narrow. Undefined:
 * the product's name only.
 */
export function useTitle(view: string | undefined): void {
  useEffect(() => {
    document.title = view === undefined ? PRODUCT : `${view} · ${PRODUCT}`;
    return () => {
      document.title = PRODUCT;
    };
  }, [view]);
}
