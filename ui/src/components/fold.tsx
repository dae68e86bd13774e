import { type ReactNode, type Ref, useLayoutEffect, useRef } from "react";

interface FoldProps {
  title: string;
  /** Content beside the title, such as a count or a time. */
  aside?: ReactNode;
  testId?: string;
  /** Receives the heading, so that focus can move to it. */
  headingRef?: Ref<HTMLHeadingElement>;
  /** Opens it once true. Only the user closes it. */
  opens?: boolean;
  children: ReactNode;
}

/** A titled region of the page that is initially closed. In `.parts` it is then a button. */
export function Fold({ title, aside, testId, headingRef, opens = false, children }: FoldProps) {
  const details = useRef<HTMLDetailsElement>(null);
  useLayoutEffect(() => {
    if (opens && details.current) details.current.open = true;
  }, [opens]);
  return (
    <details className="card fold" ref={details} data-testid={testId}>
      <summary>
        <h2 ref={headingRef} tabIndex={-1}>
          {title}
        </h2>
        {aside !== undefined && <span className="small">{aside}</span>}
      </summary>
      {children}
    </details>
  );
}
