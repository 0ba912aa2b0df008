export const tasks: readonly unknown[] = [];
