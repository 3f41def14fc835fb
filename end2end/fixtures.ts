// What every test gets: a server, and a page on which an unexpected word in the console fails the test.
import { test as base, expect, type Page } from '@playwright/test'
import { Server } from './server'

type Fixtures = {
  /** Console errors that this test expects, as patterns. */
  expectedErrors: RegExp[]
  /** The page is interactive: WebAssembly has taken over. */
  visit: (path: string, page?: Page) => Promise<void>
  /** A second tab that is watched like the first. */
  secondTab: () => Promise<Page>
}

export const test = base.extend<Fixtures, { server: Server }>({
  server: [async ({}, use) => {
    const server = await Server.start()
    await use(server)
    await server.end()
  }, { scope: 'worker' }],

  expectedErrors: [async ({}, use) => { await use([]) }, { option: true }],

  context: async ({ context, expectedErrors }, use) => {
    const found: string[] = []
    const note = (text: string) => { if (!expectedErrors.some((pattern) => pattern.test(text))) found.push(text) }
    context.on('page', (page) => {
      page.on('console', (message) => {
        // Leptos warns when what the server sent and what the browser expects differ.
        if (message.type() === 'error' || /hydrat|mismatch/i.test(message.text())) note(message.text())
      })
      page.on('pageerror', (error) => note(String(error)))
    })
    await use(context)
    expect(found, 'errors in the console').toEqual([])
  },

  visit: async ({ page, server }, use) => {
    await use(async (path, tab = page) => {
      await tab.goto(server.url + path)
      await expect(tab.locator('html[data-hydrated]')).toBeAttached()
    })
  },

  secondTab: async ({ context }, use) => { await use(() => context.newPage()) },
})

export { expect }

let people = 0
/** Somebody nobody has seen before. */
export function somebody(): { email: string; password: string } {
  people += 1
  return { email: `person${people}-${Date.now()}@example.org`, password: 'a long enough passphrase' }
}

export async function signUp(page: Page, person: { email: string; password: string }): Promise<void> {
  await page.getByLabel('Email').fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('main').getByRole('button', { name: 'Sign up' }).click()
  await expect(page).toHaveURL(/\/account$/)
}
