import { type ReactNode, type Ref, useId } from "react";

interface PanelProps {
  title: string;
  /** Content beside the title, such as a count, a time or a small control. */
  aside?: ReactNode;
  /** Receives the heading, so that focus can move to it. */
  headingRef?: Ref<HTMLHeadingElement>;
  testId?: string;
  /** Reduces the padding and spacing. */
  isDense?: boolean;
  /** Colour tone. Default: none. */
  tone?: "waiting";
  children: ReactNode;
}

/** A titled region of the page. */
export function Panel({ title, aside, headingRef, testId, isDense, tone, children }: PanelProps) {
  const headingId = useId();
  return (
    <section
      className={isDense ? "card dense" : "card"}
      aria-labelledby={headingId}
      data-testid={testId}
      data-tone={tone}
    >
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
