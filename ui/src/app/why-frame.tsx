import type { DragEventHandler, ReactNode } from "react";
import { BrandMark } from "../components/brand-mark.tsx";
import { MAIN_ID, SkipLink } from "../components/skip-link.tsx";
import styles from "./why-app.module.css";

interface WhyFrameProps {
  /** Whether the page has room for a drawing. Default false. */
  isWide?: boolean;
  /** Beside the name in the header. Default: nothing. */
  link?: ReactNode;
  footer: string;
  /** Called for a file or text that is dropped anywhere. Default: nothing may be dropped. */
  onDrop?: DragEventHandler;
  children: ReactNode;
}

/** Header, main part and footer of a page that is one file. */
export function WhyFrame({ isWide = false, link, footer, onDrop, children }: WhyFrameProps) {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a button of the page chooses a file, too
    <div
      className={styles.page}
      data-wide={isWide}
      onDragOver={onDrop && ((event) => event.preventDefault())}
      onDrop={onDrop}
    >
      <SkipLink />
      <header className={styles.header}>
        <div className="line ends">
          <span className="line">
            <BrandMark />
            <strong>AAuth</strong>
          </span>
          {link}
        </div>
      </header>
      <main id={MAIN_ID} tabIndex={-1} className="column">
        {children}
      </main>
      <footer className="note">{footer}</footer>
    </div>
  );
}
