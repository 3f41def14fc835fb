// Budgets: the fixture that users get, on our own buttons, and what it says when a budget is exceeded.
import { mergeTests } from '@playwright/test'
import { type Run, runsOf, test as budgets, verdict, waterfall } from '../../crates/tachymeter-leptos/playwright/budget'
import { expect, test as ours } from '../fixtures'

const test = mergeTests(ours, budgets)

test('red: one server function, two re-renders', async ({ page, visit, budget }) => {
  await visit('/buttons')
  const red = page.getByRole('button', { name: 'Red' })
  // Generous: this machine does other things, too.
  const runs = await budget('buttons.red', { runs: 5, p95: 5_000, renders: 2, serverFunctions: 1 }, () => red.click())
  for (const { interaction: { numbers }, calls } of runs) {
    expect(calls[0].tags).toMatchObject({ name: 'press_red', side: 'client', outcome: 'ok' })
    expect(calls[0].numbers.offset + calls[0].numbers.duration).toBeLessThanOrEqual(numbers.total)
    expect(numbers.first_render).toBeLessThan(numbers.commit)
    expect(numbers.server).toBeGreaterThanOrEqual(100)
  }
})

test('a budget that can not be kept fails with the waterfall of the worst run', async ({ page, visit, budget, reported }) => {
  await visit('/buttons')
  const red = page.getByRole('button', { name: 'Red' })
  const failure = await budget('buttons.red', { runs: 3, p95: 1, renders: 1, serverFunctions: 0 }, () => red.click()).catch((error: Error) => error.message)
  const runs = runsOf(reported, 'buttons.red')
  const worst = runs.reduce((a, b) => (b.interaction.numbers.renders > a.interaction.numbers.renders ? b : a))
  expect(failure).toMatch(/^buttons\.red exceeds its budget: 1 server functions, at most 0 allowed; 2 re-renders, at most 1 allowed; p95 of total [\d.]+ ms, at most 1 ms allowed \(3 runs\)/)
  expect(failure).toContain(waterfall(worst))
  expect(failure).toMatch(/press_red: request +█+ +[\d.]+ – [\d.]+ ms/)
})

test('what a verdict says', () => {
  const run = (total: number, outcome: string): Run => ({
    interaction: {
      event: 'leptos.interaction.stop',
      numbers: { input_delay: 1, handler: 1, network: 0, server: 0, render: 1, paint: total - 3, total, renders: 1 },
      tags: { name: 'a', event: 'click', outcome, trace_id: '00' },
    },
    calls: [],
  })
  const twenty = Array.from({ length: 20 }, (_, n) => run(n + 4, 'rendered'))
  expect(verdict(twenty, { p95: 22, renders: 1, serverFunctions: 0 })).toBeUndefined()
  expect(verdict(twenty, { p95: 21.9 })).toMatch(/^p95 of total 22\.0 ms, at most 21\.9 ms allowed \(20 runs\)\n\nThe worst of them:\na \(click\): 23\.0 ms/)
  expect(verdict([...twenty, run(5, 'failed')], {})).toMatch(/^ended as failed, expected rendered[^]*a \(click\): 5\.0 ms, failed/)
})
