import { useEffect } from "react";

/**
 * Calls back when the Back button restores this page from the browser's cache in its previous
 * state.
 */
export function useRestored(onRestored: () => void): void {
  useEffect(() => {
    const onShow = (event: PageTransitionEvent) => {
      if (event.persisted) onRestored();
    };
    window.addEventListener("pageshow", onShow);
    return () => window.removeEventListener("pageshow", onShow);
  }, [onRestored]);
}
