// How the browser tests run: real Chromium, one server and one database per worker, no retries.
import { defineConfig, devices } from '@playwright/test'

const chromium = {
  ...devices['Desktop Chrome'],
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  },
}

/** A project that runs only when it is asked for. */
function only<T extends { name: string }>(project: T): T[] {
  return process.env.TACHYMETER_PROJECT === project.name ? [project] : []
}

export default defineConfig({
  outputDir: './results',
  forbidOnly: !!process.env.CI,
  // Two cores are shared by the browser, the server and the test itself: one at a time keeps timings meaningful.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: { trace: 'retain-on-failure', screenshot: 'only-on-failure' },
  projects: [
    { name: 'desktop', testDir: './tests', use: chromium },
    {
      name: 'phone-dark',
      testDir: './tests',
      testMatch: /look_at_pages\.spec\.ts/,
      use: { ...chromium, viewport: { width: 390, height: 844 }, colorScheme: 'dark', isMobile: true, hasTouch: true },
    },
    // Run by `make bench` and `make screenshots` on the release build, and only by name.
    ...only({ name: 'bench', testDir: './bench', use: chromium }),
    ...only({ name: 'screenshots', testDir: '.', testMatch: /screenshots\.spec\.ts/, use: chromium }),
  ],
})
