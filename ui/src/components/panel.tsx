import { type ReactNode, type Ref, useId } from "react";

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
    <section className="card" aria-labelledby={headingId} data-testid={testId}>
      <div className="line ends">
        <h2 id={headingId} ref={headingRef} tabIndex={-1}>
          {title}
        </h2>
        {aside !== undefined && <div className="small">{aside}</div>}
      </div>
      {children}
    </section>
  );
}
