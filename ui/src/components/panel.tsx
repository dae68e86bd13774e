import { type ReactNode, type Ref, useId } from "react";
import styles from "./panel.module.css";

interface PanelProps {
  title: string;
  /** Beside the title: a count, a time, a small control. */
  aside?: ReactNode;
  /** Receives the heading, so that focus can move to it. */
  headingRef?: Ref<HTMLHeadingElement>;
  testId?: string;
  children: ReactNode;
}

/** A titled region of the page. */
export function Panel({ title, aside, headingRef, testId, children }: PanelProps) {
  const headingId = useId();
  return (
    <section className={styles.panel} aria-labelledby={headingId} data-testid={testId}>
      <div className={styles.head}>
        <h2 id={headingId} ref={headingRef} tabIndex={-1}>
          {title}
        </h2>
        {aside !== undefined && <div className={styles.aside}>{aside}</div>}
      </div>
      {children}
    </section>
  );
}
