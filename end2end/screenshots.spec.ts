// The README's pictures: real traffic on the release build, light and dark. Run by `make screenshots`.
import { join } from 'node:path'
import { expect, signUp, somebody, test } from './fixtures'

const folder = join(__dirname, 'pictures')

for (const theme of ['light', 'dark'] as const) {
  test(`pictures, ${theme}`, async ({ browser, server }) => {
    test.setTimeout(120_000)
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: theme })
    const page = await context.newPage()
    const visit = async (path: string) => {
      await page.goto(server.url + path)
      await expect(page.locator('html[data-hydrated]')).toBeAttached()
    }
    await visit('/')
    const person = somebody()
    await visit('/sign-up')
    await signUp(page, person)
    await page.getByRole('main').getByRole('button', { name: 'Log out' }).click()
    for (const password of ['not the password', person.password]) {
      await visit('/sign-in')
      await page.getByLabel('Email').fill(person.email)
      await page.getByLabel('Password', { exact: true }).fill(password)
      await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click()
      await page.waitForTimeout(1200)
    }
    await visit('/buttons')
    for (let round = 0; round < 12; round++) {
      for (const name of ['Blue', 'Green', 'Red'].slice(round % 3)) await page.getByRole('button', { name }).click()
      await page.waitForTimeout(1100 + 150 * (round % 4))
    }
    await page.screenshot({ path: join(folder, `buttons-${theme}.png`) })
    await visit('/dashboard')
    await expect(page.locator('#click-to-paint').getByTestId('current')).toContainText('buttons.red')
    await page.waitForTimeout(2500)
    await page.screenshot({ path: join(folder, `dashboard-${theme}.png`), fullPage: true })
    await visit('/dashboard/interactions?event=buttons.red&outcome=rendered')
    await page.getByTestId('latest').getByRole('link').first().click()
    await expect(page.getByTestId('waterfall')).toBeVisible()
    await page.screenshot({ path: join(folder, `waterfall-${theme}.png`), fullPage: true })
    await context.close()
  })
}
