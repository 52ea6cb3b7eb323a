// What the first load weighs: everything that index.html names, gzipped (limit 300 kB), and each lazy part beside it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 300_000;
const dist = new URL("../dist/", import.meta.url);
const page = readFileSync(new URL("index.html", dist), "utf8");
const named = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((found) => found[1]);
const weigh = (name) => gzipSync(readFileSync(new URL(name, dist))).length;

const first = gzipSync(page).length + named.reduce((sum, name) => sum + weigh(name), 0);
for (const file of readdirSync(new URL("assets/", dist))) {
  const name = `assets/${file}`;
  console.log(`${String(weigh(name)).padStart(8)}  ${named.includes(name) ? "first" : "later"}  ${name}`);
}
console.log(`${String(first).padStart(8)}  first load, gzip (limit ${LIMIT})`);
process.exit(first <= LIMIT ? 0 : 1);
