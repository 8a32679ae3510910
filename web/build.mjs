// Bundles web/src into what the Python package ships; with --check, says whether that is what it ships.

import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const OUT = "../src/normlab/explorer/static";

// a page that is written to a file carries these along
const KATEX = readFileSync("node_modules/katex/LICENSE", "utf8").trim();
const FONTS = [
  "Fonts of KaTeX: Copyright (c) 2009-2010, Design Science, Inc. Copyright (c) 2014-2018 Khan Academy.",
  "SIL Open Font License, Version 1.1, https://openfontlicense.org",
].join("\n");
const notice = (text) => `/*\nWith KaTeX:\n\n${text}\n*/\n`;

/** KaTeX's stylesheet with the faces that our formulas use, and of each the one format all browsers read. */
const faces = {
  name: "faces",
  setup(bundler) {
    bundler.onLoad({ filter: /katex\.css$/ }, ({ path }) => {
      const css = readFileSync(path, "utf8").replace(/,\s*url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)/g, "");
      const used = /KaTeX_(?:Main-Regular|Math-Italic|Size[1-4]-Regular)/;
      const kept = css.replace(/@font-face\s*\{[^}]*\}/g, (face) => (used.test(face) ? face : ""));
      return { contents: kept, loader: "css" };
    });
  },
};

const made = await build({
  entryPoints: { explorer: "src/explorer.js", page: "src/page.js", offline: "src/offline.js" },
  outdir: OUT,
  bundle: true,
  format: "esm",
  minify: true,
  charset: "utf8",
  target: "es2022",
  loader: { ".woff2": "dataurl" },
  legalComments: "none",
  plugins: [faces],
  write: false,
});

// all take their style from explorer.css
const kept = made.outputFiles.filter(({ path }) => !path.endsWith("offline.css"));
const outputs = kept.map(({ path, text }) => {
  const whose = text.includes("katex") ? notice(path.endsWith(".css") ? `${KATEX}\n\n${FONTS}` : KATEX) : "";
  return { path, contents: Buffer.from(whose + text) };
});
const stale = outputs.filter(({ path, contents }) => {
  try {
    return !readFileSync(path).equals(contents);
  } catch {
    return true;
  }
});
const names = stale.map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
if (process.argv.includes("--check")) {
  if (names.length) {
    console.error(`${names.join(", ")} in ${OUT} is not what web/src makes: npm run build, and commit it.`);
    process.exit(1);
  }
} else {
  for (const { path, contents } of stale) writeFileSync(path, contents);
  const sizes = outputs.map(({ path, contents }) => `${path.slice(path.lastIndexOf("/") + 1)} ${contents.length}`);
  console.log(sizes.join(", "));
}
