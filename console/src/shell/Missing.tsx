// What stands at an address that is none of ours.
import { Link } from "@tanstack/react-router";

export function Missing() {
  return (
    <section className="panel">
      <h1 className="page-title">There is no such page</h1>
      <p>The address may be old or cut short.</p>
      <Link to="/">To the overview</Link>
    </section>
  );
}
