export interface Toast {
  readonly id: number;
  readonly text: string;
}

/** Short good news that needs no answer. What needs one is a banner or a sheet. */
class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  show(text: string, forMs = 6000): void {
    const id = this.#next++;
    this.list.push({ id, text });
    setTimeout(() => {
      this.dismiss(id);
    }, forMs);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
