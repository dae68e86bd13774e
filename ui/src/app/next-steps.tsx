/** Ways on from a run, in one line. */
export function NextSteps({ personServerUrl }: { personServerUrl: string | undefined }) {
  return (
    <nav className="card line" aria-label="Next steps">
      <strong>Next:</strong>
      <a href="#order">Order laptops</a>
      <a href="#delegates">Let a delegate act</a>
      {personServerUrl !== undefined && <a href={`${personServerUrl}/granted`}>What you granted</a>}
      <a href="/compare.html">Compare the versions</a>
    </nav>
  );
}
