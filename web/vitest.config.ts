import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
    // Whole suites run side by side on slow machines.
    testTimeout: 60_000,
    setupFiles: ["src/matrix/testing/setup.ts"],
  },
});
