// Every page: nothing for axe to complain about, nothing wider than the screen, both themes.
import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '../fixtures'

for (const path of ['/', '/buttons', '/sign-up', '/sign-in', '/dashboard', '/dashboard/interactions']) {
  test(`${path} is accessible and fits`, async ({ page, visit }, info) => {
    await visit(path)
    await page.waitForLoadState('load')
    for (const theme of ['light', 'dark']) {
      await page.evaluate((theme) => { document.documentElement.dataset.theme = theme }, theme)
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
      expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), theme).toEqual([])
      await info.attach(`${path} ${theme}`, { body: await page.screenshot({ fullPage: true }), contentType: 'image/png' })
    }
    await page.setViewportSize({ width: 320, height: 640 })
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  })
}
