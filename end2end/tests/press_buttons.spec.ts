// The buttons: each paints its colour, and overlapping presses are measured each on its own.
import { expect, test } from '../fixtures'

for (const [name, delay] of [['Red', 100], ['Green', 500], ['Blue', 1000]] as const) {
  test(`press ${name}`, async ({ page, visit }) => {
    await visit('/buttons')
    await page.getByRole('button', { name }).click()
    await expect(page.getByRole('status').filter({ hasText: `${name} is on the screen` })).toBeVisible()
    await expect(page.getByTestId('swatch')).toHaveClass(new RegExp(`swatch-${name.toLowerCase()}`))
    const sentence = page.getByTestId('latest').locator('p')
    await expect(sentence).toHaveText(new RegExp(`^${name}, .+ from your click to the screen\\.$`))
    expect(seconds(await sentence.innerText())).toBeGreaterThanOrEqual(delay / 1000)
    expect(seconds(await sentence.innerText())).toBeLessThan(delay / 1000 + 2)
    await expect(page.getByTestId('history').getByRole('listitem')).toContainText('rendered')
  })
}

test('three at once: the newest stays on the screen, and each has its own time', async ({ page, visit }) => {
  await visit('/buttons')
  // By keyboard: no pointer has to travel between them.
  for (const name of ['Blue', 'Green', 'Red']) {
    await page.getByRole('button', { name }).focus()
    await page.keyboard.press('Enter')
  }
  const rows = page.getByTestId('history').getByRole('listitem')
  await expect(rows).toHaveCount(3)
  await expect(page.getByTestId('swatch')).toHaveClass(/swatch-red/)
  const texts = await rows.allInnerTexts()
  const row = (name: string) => texts.find((text) => text.includes(name)) ?? ''
  expect(row('Red')).toContain('rendered')
  for (const [name, delay] of [['Green', 0.5], ['Blue', 1]] as const) {
    expect(row(name)).toContain('superseded')
    // Its own delay, not that of another that was answered meanwhile.
    expect(seconds(row(name))).toBeGreaterThanOrEqual(delay)
    expect(seconds(row(name))).toBeLessThan(delay + 0.45)
  }
})

test.describe('when the server is gone', () => {
  test.use({ expectedErrors: [/ERR_CONNECTION|Failed to load resource|ERR_FAILED/] })

  test('a press that fails says so, and is measured as failed', async ({ page, visit }) => {
    await visit('/buttons')
    await page.route('**/api/press_red*', (route) => route.abort())
    await page.getByRole('button', { name: 'Red' }).click()
    await expect(page.getByRole('alert').filter({ hasText: /reach/ })).toBeVisible()
    await expect(page.getByTestId('history').getByRole('listitem')).toContainText('failed')
  })
})

function seconds(text: string): number {
  const [, number, unit] = /([\d.]+) (µs|ms|s)/.exec(text) ?? ['', 'NaN', 's']
  return Number(number) * { µs: 1e-6, ms: 1e-3, s: 1 }[unit as 'µs' | 'ms' | 's']
}
