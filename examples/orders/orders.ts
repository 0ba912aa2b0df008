import { defineApi } from '../../shared/tokens/defineApi.ts';
import { defineTask } from '../../shared/worker/defineTask.ts';

export const orders = defineApi({
  name: 'orders',
  resource: 'api://11111111-2222-4333-8444-555555555555',
  baseUrl: 'https://orders.example/api',
});

export const syncOrders = defineTask({
  name: 'sync-orders',
  api: orders,
  scopes: ['api://11111111-2222-4333-8444-555555555555/orders.read'],
  async run({ api }) {
    const answer = await api.fetch('/orders');
    if (!answer.ok) throw Object.assign(new Error('The orders API refused.'), { statusCode: answer.status });
  },
});
