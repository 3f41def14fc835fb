// The landing page: the shell at once, the data later, nothing jumps.
import { expect, test } from '../fixtures'
import { Server } from '../server'

test('the shell is there before the data, and nothing moves when it comes', async ({ page }) => {
  const slow = await Server.start({ APP__LANDING__DELAY_MIN_MS: '4000', APP__LANDING__DELAY_MAX_MS: '4000' })
  try {
    await page.addInitScript(() => {
      Object.assign(window, { shift: 0 })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) (window as unknown as { shift: number }).shift += (entry as unknown as { value: number }).value
      }).observe({ type: 'layout-shift', buffered: true })
    })
    await page.goto(slow.url, { waitUntil: 'commit' })
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await expect(page.getByTestId('landing-facts')).toHaveAttribute('aria-busy', 'true')
    await expect(page.getByTestId('landing-facts')).toHaveAttribute('aria-busy', 'false')
    expect(await page.evaluate(() => (window as unknown as { shift: number }).shift)).toBeLessThan(0.02)
  } finally {
    await slow.end()
  }
})

test('a page that does not exist says so, with its status', async ({ page, server }) => {
  test.info().annotations.push({ type: 'note', description: 'the browser itself reports a 404 in the console' })
  const answer = await page.request.get(`${server.url}/nowhere`)
  expect(answer.status()).toBe(404)
  expect(await answer.text()).toContain('</html>')
})
