import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import styles from "./scroll-box.module.css";

interface ScrollBoxProps {
  /** Accessible name of the content. */
  label: string;
  kind?: "table" | "code";
  children: ReactNode;
}

/**
 * Box for content that may be too wide. The box then scrolls sideways, as a keyboard-focusable
 * region, instead of the page.
 */
export function ScrollBox({ label, kind = "table", children }: ScrollBoxProps) {
  const box = useRef<HTMLDivElement>(null);
  const isWide = useIsWide(box);
  return (
    <div
      ref={box}
      className={styles.box}
      data-kind={kind}
      data-wide={isWide}
      {...(isWide ? { role: "region", "aria-label": label, tabIndex: 0 } : {})}
    >
      {children}
    </div>
  );
}

function useIsWide(box: React.RefObject<HTMLDivElement | null>): boolean {
  const [isWide, setIsWide] = useState(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setIsWide(element.scrollWidth > element.clientWidth));
    for (const watched of [element, ...element.children]) observer.observe(watched);
    return () => observer.disconnect();
  }, [box]);
  return isWide;
}
