import { defineConfig, type Plugin } from "vite";

/** uPlot hangs its parts on itself, ways of drawing among them, so that no bundler can tell that we use one alone. */
const UNUSED_OF_UPLOT = /^\s*(uPlot\.(?!pxRatio)\w+|\(paths\.\w+) +=.*;$/gm;
const PARTS_OF_UPLOT = 16;

const leanUplot: Plugin = {
  name: "lean-uplot",
  transform(code, id) {
    if (!id.endsWith("/uPlot.esm.js")) return undefined;
    const found = code.match(UNUSED_OF_UPLOT)?.length;
    if (found !== PARTS_OF_UPLOT) throw new Error(`uPlot has another shape than expected: ${found} parts`);
    return code.replace(UNUSED_OF_UPLOT, "");
  },
};

/** What is loaded when somebody asks for it; all other files of the page are needed to show a dashboard. */
const ON_DEMAND = /\/site\/(on-demand|build|alerts|share)\//;
/** How metrics and messages are checked, and by which bounds: a dashboard draws them unread. */
const DEFINITIONS = /\/protocol\/(limits|metric|aggregate-spec|window-spec|where|footprint|observe)\.ts$/;

const PAGE = /\/(site|node_modules)\//;

/** Run from the repository's root: `vite build site`, or `vite site` beside a server on port 8787. */
export default defineConfig({
  plugins: [leanUplot],
  build: {
    outDir: "../dist/site",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: false,
    rolldownOptions: {
      // A dashboard calls nothing of what checks definitions: that it is imported somewhere does nothing.
      treeshake: { moduleSideEffects: (id) => !DEFINITIONS.test(id) },
      output: {
        // One file for all that a dashboard needs: shared with what comes later, it would be cut into a dozen.
        codeSplitting: {
          groups: [
            { name: "definitions", test: DEFINITIONS, includeDependenciesRecursively: false },
            {
              name: "page",
              test: (id) => PAGE.test(id) && !ON_DEMAND.test(id) && !id.endsWith(".css"),
            },
          ],
        },
      },
    },
  },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8787", ws: true } } },
});
