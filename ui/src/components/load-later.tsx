import { type ComponentType, type LazyExoticComponent, lazy } from "react";

export const NOT_LOADED = "This part of the page could not be loaded. Reload the page to try again.";

/**
 * A component that loads when it is first shown. If loading fails, an error replaces it and the
 * rest of the page remains.
 */
export function loadLater<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
): LazyExoticComponent<ComponentType<Props>> {
  return lazy(() => load().catch(() => ({ default: NotLoaded })));
}

function NotLoaded() {
  return <p role="alert">{NOT_LOADED}</p>;
}
