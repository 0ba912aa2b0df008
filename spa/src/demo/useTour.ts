import { useEffect, useState } from 'react';
import { STEPS } from './controls.ts';

/** How many steps of the tour are done, and how to go to another. */
export type TourPlace = { done: number; go: (done: number) => void };

/** `wasNeeded`: the page has said at this step that the person is needed. */
export type Place = { done: number; wasNeeded: boolean };

const BEGIN: Place = { done: 0, wasNeeded: false };

/** Where this tab remembers it. It survives the way to the directory and back; "Start over" forgets it. */
const keyOf = (user: string): string => `stead.tour.${user}`;

function readPlace(user: string): Place {
  try {
    return (JSON.parse(sessionStorage.getItem(keyOf(user)) ?? 'null') as Place | null) ?? BEGIN;
  } catch {
    return BEGIN;
  }
}

/** Whoever signs in by the page's own button has done the step that would have done it for them. */
export function placeAfter(place: Place, isNeeded: boolean | undefined): Place {
  if (STEPS[place.done] !== 'return' || isNeeded === undefined) return place;
  if (isNeeded) return place.wasNeeded ? place : { ...place, wasNeeded: true };
  return place.wasNeeded ? { done: place.done + 1, wasNeeded: false } : place;
}

/**
 * Keeps the place in the tour while the drawer is closed, and over a reload.
 * @param isNeeded true if nothing goes on before the person signs in; undefined while that is not known
 */
export function useTour(user: string, isNeeded: boolean | undefined): TourPlace {
  const [place, setPlace] = useState(() => readPlace(user));
  useEffect(() => setPlace(placeAfter(place, isNeeded)), [place, isNeeded]);
  useEffect(() => sessionStorage.setItem(keyOf(user), JSON.stringify(place)), [user, place]);
  return { done: place.done, go: (done) => setPlace({ done, wasNeeded: false }) };
}
